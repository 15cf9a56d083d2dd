r"""The path of annealed importance sampling: densities between two ends, their temperatures, moves and weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.distributions import Distribution

from latentia.data_model import seeded
from latentia.errors import CompatibilityError, ConfigurationError, NonFiniteError
from latentia.inference.mcmc.hamiltonian import hmc
from latentia.inference.mcmc.metric import unit_metric
from latentia.inference.mcmc.step_size import first_step_size
from latentia.inference.mcmc.target import Target

LogJoint = Callable[[Tensor], Tensor]
"""log p(x, z), `[K, B, d]` to `[K, B]`, in nats; each entry from its own z alone, and differentiable."""
Transition = Callable[[Tensor, float], Tensor]
"""A move of z `[K, B, d]` that leaves the path's density at a given beta invariant."""
Schedule = Literal["sigmoid", "linear"]
"""How temperatures lie: close together at both ends, or evenly."""
_PILOT = 100
"""Temperatures at which step sizes are learned."""
_RATE = 0.65
_SEED_OF_PILOT = 104_729


def temperatures(num: int, schedule: Schedule = "sigmoid") -> Tensor:
    r"""Inverse temperatures \(0 = \beta_0 < \dots < \beta_T = 1\).

    Args:
        num: T, steps between them.
        schedule: `sigmoid`, \(\sigma(8 t / T - 4)\) rescaled to [0, 1], or `linear`.

    Returns:
        `[T + 1]` float64.

    Raises:
        ConfigurationError: Fewer than one step.

    >>> temperatures(4, "linear").tolist()
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    if num < 1:
        raise ConfigurationError(f"{num} temperatures were asked for; expected 1 or more, hundreds are usual")
    share = torch.linspace(0, 1, num + 1, dtype=torch.float64)
    if schedule == "linear":
        return share
    raised = (8 * share - 4).sigmoid()
    return ((raised - raised[0]) / (raised[-1] - raised[0])).clamp(0, 1)


@dataclass(frozen=True, slots=True)
class Path:
    """The densities at both ends.

    Attributes:
        log_joint: At beta 1.
        q0: At beta 0.
        lead: (K, B).
        leapfrogs: Steps of each draw of HMC.
    """

    log_joint: LogJoint
    q0: Distribution
    lead: tuple[int, int]
    leapfrogs: int

    @staticmethod
    def build(log_joint: LogJoint, q0: Distribution, batch: int, num_chains: int, leapfrogs: int) -> Path:
        """A path, its parts checked."""
        if len(q0.event_shape) != 1 or q0.batch_shape not in (torch.Size([]), torch.Size([batch])):
            raise CompatibilityError(
                f"q0 has batch {tuple(q0.batch_shape)} and event {tuple(q0.event_shape)}; expected vectors (d,) with "
                f"batch () or ({batch},): make its last dimension an event with Independent(..., 1)"
            )
        for name, number in (("num_chains", num_chains), ("batch", batch), ("leapfrogs", leapfrogs)):
            if number < 1:
                raise ConfigurationError(f"{name} is {number}; expected 1 or more")
        return Path(log_joint, q0, (num_chains, batch), leapfrogs)

    def ends(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Log q0 and log p(x, z) of `[K, B, d]`, `[K, B]` each."""
        joint = self.log_joint(z)
        if joint.shape != torch.Size(self.lead):
            raise CompatibilityError(
                f"log_joint returned shape {tuple(joint.shape)} for z of shape {tuple(z.shape)}; expected "
                f"(chains, batch) = {self.lead}"
            )
        return self.q0.log_prob(z), joint

    def ratio(self, z: Tensor) -> Tensor:
        """Log p(x, z) - log q0(z), `[K, B]`."""
        with torch.no_grad():
            low, high = self.ends(z)
        return high - low

    def target(self, beta: float) -> Target:
        """The density at an inverse temperature, over flat chains."""

        def log_prob(flat: Tensor) -> Tensor:
            low, high = self.ends(flat.reshape(*self.lead, -1))
            return torch.lerp(low, high, beta).flatten()

        return Target(log_prob)

    def flat(self, step: Tensor) -> Tensor:
        """Step sizes `[B]` for all flat chains."""
        return step.expand(self.lead).flatten()


def started(path: Path, seed: int) -> Tensor:
    """Draws from q0.

    Args:
        path: The path.
        seed: Of the draws.

    Returns:
        `[K, B, d]`.
    """
    shape = torch.Size(path.lead)[: 2 - len(path.q0.batch_shape)]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    with torch.no_grad(), seeded(seed, device):
        return path.q0.sample(shape)


def _moved(path: Path, z: Tensor, beta: float, step: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """A draw of HMC at one temperature; z `[K, B, d]` and the rate of acceptance `[B]`."""
    target = path.target(beta)
    flat = z.flatten(0, 1)
    move = hmc(path.leapfrogs)(target, unit_metric(flat), path.flat(step), target.at(flat), generator)
    return move.point.z.reshape(z.shape), move.acceptance.reshape(path.lead).mean(0)


def step_sizes(path: Path, betas: Tensor, given: Tensor | None, schedule: Schedule, seed: int) -> Tensor:
    """Step sizes of each temperature: given, or learned in a pilot run on fewer of them and stretched to all.

    Args:
        path: The path.
        betas: `[T + 1]`.
        given: Anything that broadcasts to `[T, B]`, or None.
        schedule: Of the temperatures.
        seed: Of the pilot run.

    Returns:
        `[T, B]`.

    Raises:
        CompatibilityError: Given sizes of another shape.
    """
    num = len(betas) - 1
    like = started(path, seed + _SEED_OF_PILOT)
    if given is not None:
        try:
            return given.to(like).expand(num, path.lead[1])
        except RuntimeError:
            raise CompatibilityError(
                f"step_size has shape {tuple(given.shape)}, which does not broadcast to (temperatures, batch) = "
                f"{(num, path.lead[1])}"
            ) from None
    generator = torch.Generator(device=like.device).manual_seed(seed + _SEED_OF_PILOT)
    coarse = temperatures(min(num, _PILOT), schedule)[1:].tolist()
    target = path.target(coarse[0])
    # One step for all examples to begin with: flat chains are not consecutive by example.
    flat = like.flatten(0, 1)
    first = first_step_size(target, unit_metric(flat), target.at(flat), like.new_ones(1), generator)
    log_step = first.log().expand(path.lead[1]).clone()
    z, found = like, []
    for beta in coarse:
        for _ in range(2):
            z, rate = _moved(path, z, beta, log_step.exp(), generator)
            log_step = log_step + 0.5 * (rate - _RATE)
        found.append(log_step)
    track = torch.stack(found).T[:, None]
    if len(coarse) < num:
        track = torch.nn.functional.interpolate(track, size=num, mode="linear", align_corners=True)
    return track[:, 0].T.exp()


def walk(
    path: Path, z: Tensor, betas: Tensor, steps: Tensor | None, transition: Transition | None, seed: int, *, back: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Move along all temperatures and sum up the log-weights.

    Args:
        path: The path.
        z: Where the chains start, `[K, B, d]`.
        betas: `[T + 1]`, from 0 to 1.
        steps: `[T, B]`, or None where there is a transition.
        transition: A move in place of HMC.
        seed: Of all noise.
        back: Whether to walk from 1 to 0: every move comes before the weight, where it came after it.

    Returns:
        Log-weights `[K, B]`, where the chains ended `[K, B, d]`, and rates of acceptance `[B]`.

    Raises:
        NonFiniteError: A weight that is no number, or infinite.
    """
    generator = torch.Generator(device=z.device).manual_seed(seed)
    log_w, rates = z.new_zeros(path.lead), z.new_zeros(path.lead[1])
    levels = betas.tolist()
    order = range(1, len(levels))
    for index in reversed(order) if back else order:
        share = levels[index] - levels[index - 1]
        if not back:
            log_w = log_w + share * path.ratio(z)
        if transition is not None:
            z, rate = transition(z, levels[index]), torch.ones_like(rates)
        else:
            assert steps is not None, "steps are known wherever there is no transition"
            z, rate = _moved(path, z, levels[index], steps[index - 1], generator)
        rates = rates + rate
        if back:
            log_w = log_w + share * path.ratio(z)
    if not bool((log_w < torch.inf).all()):
        bad = int((~(log_w < torch.inf)).any(0).nonzero()[0, 0])
        raise NonFiniteError(
            f"a log-weight of example {bad} is {float(log_w[:, bad][~(log_w[:, bad] < torch.inf)][0]):g}; log_joint or "
            "q0 is not a number where the chains went: give a q0 that lies within the support of log_joint"
        )
    return log_w, z, rates / (len(levels) - 1)

r"""Annealed importance sampling: log p(x) bracketed between a chain from the prior and a chain back from the posterior.

On the path \(f_\beta(z) = q_0(z)^{1-\beta}\, p(x, z)^\beta\) from a distribution \(q_0\) that can be sampled to the
log-joint, the forward weight \(w = \prod_t f_{\beta_t}(z_{t-1}) / f_{\beta_{t-1}}(z_{t-1})\) has the mean p(x), and the
inverse of the weight of a chain run backwards from an exact posterior sample the mean 1 / p(x). So by Jensen's
inequality the mean log-weight is a lower bound forwards and an upper bound backwards.

References:
    Neal, Annealed importance sampling, 2001, doi:10.1023/A:1008923215028; Grosse, Ghahramani, Adams, Sandwiching the
    marginal likelihood using bidirectional Monte Carlo, 2015, arXiv:1511.02543; Wu, Burda, Salakhutdinov, Grosse, On
    the quantitative analysis of decoder-based generative models, 2017, arXiv:1611.04273.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.distributions import Distribution

from latentia.data_model import seeded
from latentia.errors import CompatibilityError, ConfigurationError
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


@dataclass(frozen=True, slots=True)
class Annealed:
    """Weights of K chains for each of B examples.

    Attributes:
        log_weights: `[K, B]`, in nats.
        z: Where the chains ended, `[K, B, d]`: approximate posterior samples forwards, samples of q0 backwards.
        acceptance: Mean rate of acceptance of each example, `[B]`; 1 where transitions were given.
        reverse: Whether the chains ran from the posterior back to q0.
    """

    log_weights: Tensor
    z: Tensor
    acceptance: Tensor
    reverse: bool

    @property
    def bound(self) -> Tensor:
        """The mean log-weight, `[B]`, in nats: below log p(x) in expectation forwards, above it backwards."""
        return self.log_weights.mean(0)

    @property
    def standard_error(self) -> Tensor:
        """Of the bound, `[B]`; not a number for a single chain."""
        return self.log_weights.std(0) / math.sqrt(len(self.log_weights))

    @property
    def estimate(self) -> Tensor:
        """The log of the mean weight forwards, `[B]`: tighter than the bound, and its bias falls with K.

        Backwards it is minus the log of the mean inverse weight.
        """
        sign = -1 if self.reverse else 1
        return sign * ((sign * self.log_weights).logsumexp(0) - math.log(len(self.log_weights)))

    @property
    def ess(self) -> Tensor:
        """Effective chains of each example, `[B]`, between 1 and K."""
        weights = (self.log_weights * (-1 if self.reverse else 1)).softmax(0)
        return 1 / weights.square().sum(0)


@dataclass(frozen=True, slots=True)
class Sandwich:
    """Log p(x) from both sides, for data that the model itself simulated.

    Attributes:
        lower: Chains from q0.
        upper: Chains from the exact posterior samples.
    """

    lower: Annealed
    upper: Annealed

    @property
    def gap(self) -> Tensor:
        """Upper minus lower bound, `[B]`, in nats; in expectation the sum of two KL divergences, never negative."""
        return self.upper.bound - self.lower.bound


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


def annealed(
    log_joint: LogJoint,
    q0: Distribution,
    batch: int,
    *,
    num_chains: int = 16,
    num_temperatures: int = 500,
    schedule: Schedule = "sigmoid",
    leapfrogs: int = 10,
    step_size: Tensor | None = None,
    transition: Transition | None = None,
    seed: int = 0,
) -> Annealed:
    r"""Weights of chains from q0 to the log-joint, whose mean log is a lower bound of log p(x).

    Each temperature takes one draw of HMC. Its step size is learned for each example in a pilot run of its own noise,
    and fixed in the run that counts: a step that learned from the chain would break the weights' exactness.

    Args:
        log_joint: log p(x, z), `[K, B, d]` to `[K, B]`.
        q0: Where the chains start: event `[d]`, batch `[]` or `[B]`; the prior, or anything closer to the posterior.
        batch: B, examples.
        num_chains: K, of each example.
        num_temperatures: T.
        schedule: Of the temperatures.
        leapfrogs: Steps of each draw.
        step_size: `[T, B]` or anything that broadcasts to it; then there is no pilot run.
        transition: A move in place of HMC.
        seed: Of all noise.

    Returns:
        The weights and where the chains ended.

    Raises:
        CompatibilityError: Shapes that do not fit.
        ConfigurationError: A number out of its range.

    >>> from torch.distributions import Independent, Normal
    >>> prior = Independent(Normal(torch.zeros(2), 1.0), 1)
    >>> run = annealed(lambda z: prior.log_prob(z) + 3.0, prior, batch=5, num_chains=4, num_temperatures=10)
    >>> bool((run.bound - 3.0).abs().max() < 1e-4)  # every weight is exact where the posterior is the prior
    True
    """
    path = _Path.build(log_joint, q0, batch, num_chains, leapfrogs)
    betas = temperatures(num_temperatures, schedule)
    steps = _steps(path, betas, step_size, schedule, seed) if transition is None else None
    return _climb(path, _started(path, seed), betas, steps, transition, seed)


def annealed_back(
    log_joint: LogJoint,
    q0: Distribution,
    exact: Tensor,
    *,
    num_chains: int = 16,
    num_temperatures: int = 500,
    schedule: Schedule = "sigmoid",
    leapfrogs: int = 10,
    step_size: Tensor | None = None,
    transition: Transition | None = None,
    seed: int = 0,
) -> Annealed:
    """Weights of chains from exact posterior samples back to q0, whose mean log is an upper bound of log p(x).

    Exact samples are known for simulated data: the z from which x was drawn is a sample of p(z|x).

    Args:
        log_joint: log p(x, z), `[K, B, d]` to `[K, B]`.
        q0: Where the chains end.
        exact: `[B, d]`, from which all chains of an example start, or `[K, B, d]`.
        num_chains: K, where `exact` does not say.
        num_temperatures: T.
        schedule: Of the temperatures.
        leapfrogs: Steps of each draw.
        step_size: As for `annealed`.
        transition: A move in place of HMC.
        seed: Of all noise.

    Returns:
        The weights and where the chains ended.

    Raises:
        CompatibilityError: Shapes that do not fit.
        ConfigurationError: A number out of its range.
    """
    if exact.dim() not in (2, 3):
        raise CompatibilityError(
            f"exact has shape {tuple(exact.shape)}; expected posterior samples (B, d) or (chains, B, d)"
        )
    start = exact if exact.dim() == 3 else exact.expand(num_chains, *exact.shape)
    path = _Path.build(log_joint, q0, start.shape[1], len(start), leapfrogs)
    if start.shape[2:] != q0.event_shape:
        raise CompatibilityError(f"exact samples have {start.shape[2]} dimensions, q0 {tuple(q0.event_shape)}")
    betas = temperatures(num_temperatures, schedule)
    steps = _steps(path, betas, step_size, schedule, seed) if transition is None else None
    return _descend(path, start.clone(), betas, steps, transition, seed + 1)


def bidirectional(
    log_joint: LogJoint,
    q0: Distribution,
    exact: Tensor,
    *,
    num_chains: int = 16,
    num_temperatures: int = 500,
    schedule: Schedule = "sigmoid",
    leapfrogs: int = 10,
    step_size: Tensor | None = None,
    transition: Transition | None = None,
    seed: int = 0,
) -> Sandwich:
    """Both bounds of log p(x) for simulated x: see `annealed` and `annealed_back`.

    Args:
        log_joint: log p(x, z), `[K, B, d]` to `[K, B]`.
        q0: The distribution at the other end of the path.
        exact: `[B, d]` or `[K, B, d]`, exact posterior samples: the z that x were drawn from.
        num_chains: K, in either direction.
        num_temperatures: T; the sandwich narrows as 1 / T.
        schedule: Of the temperatures.
        leapfrogs: Steps of each draw.
        step_size: As for `annealed`.
        transition: A move in place of HMC.
        seed: Of all noise.

    Returns:
        The sandwich.

    Raises:
        CompatibilityError: Shapes that do not fit.
        ConfigurationError: A number out of its range.
    """
    start = exact if exact.dim() == 3 else exact.expand(num_chains, *exact.shape)
    if transition is None and step_size is None and start.dim() == 3:
        path = _Path.build(log_joint, q0, start.shape[1], len(start), leapfrogs)
        step_size = _steps(path, temperatures(num_temperatures, schedule), None, schedule, seed)
    shared = {"num_temperatures": num_temperatures, "leapfrogs": leapfrogs, "seed": seed}
    lower = annealed(
        log_joint, q0, start.shape[1], num_chains=len(start), schedule=schedule, step_size=step_size,
        transition=transition, **shared,
    )  # fmt: skip
    upper = annealed_back(log_joint, q0, start, schedule=schedule, step_size=step_size, transition=transition, **shared)
    return Sandwich(lower, upper)


@dataclass(frozen=True, slots=True)
class _Path:
    """The densities at both ends, over flat chains `[K B, d]`."""

    log_joint: LogJoint
    q0: Distribution
    lead: tuple[int, int]
    leapfrogs: int

    @staticmethod
    def build(log_joint: LogJoint, q0: Distribution, batch: int, num_chains: int, leapfrogs: int) -> _Path:
        if len(q0.event_shape) != 1 or q0.batch_shape not in (torch.Size([]), torch.Size([batch])):
            raise CompatibilityError(
                f"q0 has batch {tuple(q0.batch_shape)} and event {tuple(q0.event_shape)}; expected vectors (d,) with "
                f"batch () or ({batch},): make its last dimension an event with Independent(..., 1)"
            )
        for name, number in (("num_chains", num_chains), ("batch", batch), ("leapfrogs", leapfrogs)):
            if number < 1:
                raise ConfigurationError(f"{name} is {number}; expected 1 or more")
        return _Path(log_joint, q0, (num_chains, batch), leapfrogs)

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


def _started(path: _Path, seed: int) -> Tensor:
    lead = torch.Size(path.lead)
    shape = lead[: 2 - len(path.q0.batch_shape)]
    probe = path.q0.mean.device
    with torch.no_grad(), seeded(seed, probe):
        return path.q0.sample(shape)


def _moved(path: _Path, z: Tensor, beta: float, step: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """A draw of HMC at one temperature; z `[K, B, d]` and the rate of acceptance `[B]`."""
    target = path.target(beta)
    flat = z.flatten(0, 1)
    move = hmc(path.leapfrogs)(target, unit_metric(flat), path.flat(step), target.at(flat), generator)
    return move.point.z.reshape(z.shape), move.acceptance.reshape(path.lead).mean(0)


def _steps(path: _Path, betas: Tensor, given: Tensor | None, schedule: Schedule, seed: int) -> Tensor:
    """Step sizes `[T, B]`: given, or learned in a pilot run on fewer temperatures and stretched to all of them."""
    num = len(betas) - 1
    like = _started(path, seed + _SEED_OF_PILOT)
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


def _climb(
    path: _Path, z: Tensor, betas: Tensor, steps: Tensor | None, transition: Transition | None, seed: int
) -> Annealed:
    generator = torch.Generator(device=z.device).manual_seed(seed)
    log_w, rates = z.new_zeros(path.lead), z.new_zeros(path.lead[1])
    levels = betas.tolist()
    for index in range(1, len(levels)):
        log_w = log_w + (levels[index] - levels[index - 1]) * path.ratio(z)
        z, rate = _step(path, z, levels[index], None if steps is None else steps[index - 1], transition, generator)
        rates = rates + rate
    return Annealed(log_w, z, rates / (len(levels) - 1), reverse=False)


def _descend(
    path: _Path, z: Tensor, betas: Tensor, steps: Tensor | None, transition: Transition | None, seed: int
) -> Annealed:
    generator = torch.Generator(device=z.device).manual_seed(seed)
    log_w, rates = z.new_zeros(path.lead), z.new_zeros(path.lead[1])
    levels = betas.tolist()
    for index in range(len(levels) - 1, 0, -1):
        z, rate = _step(path, z, levels[index], None if steps is None else steps[index - 1], transition, generator)
        rates = rates + rate
        log_w = log_w + (levels[index] - levels[index - 1]) * path.ratio(z)
    return Annealed(log_w, z, rates / (len(levels) - 1), reverse=True)


def _step(
    path: _Path, z: Tensor, beta: float, step: Tensor | None, transition: Transition | None, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    if transition is not None:
        return transition(z, beta), z.new_ones(path.lead[1])
    assert step is not None, "steps are known wherever there is no transition"
    return _moved(path, z, beta, step, generator)

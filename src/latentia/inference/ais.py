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
from dataclasses import dataclass

from torch import Tensor
from torch.distributions import Distribution

from latentia.errors import CompatibilityError
from latentia.inference.annealing_path import (
    LogJoint,
    Path,
    Schedule,
    Transition,
    started,
    step_sizes,
    temperatures,
    walk,
)
from latentia.inference.parameters import Unchecked

__all__ = ["Annealed", "Sandwich", "annealed", "annealed_back", "bidirectional", "temperatures"]


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
        leapfrogs: The most steps of each draw; half as many at least.
        step_size: `[T, B]` or anything that broadcasts to it; then there is no pilot run.
        transition: A move in place of HMC.
        seed: Of all noise.

    Returns:
        The weights and where the chains ended.

    Raises:
        CompatibilityError: Shapes that do not fit.
        ConfigurationError: A number out of its range.

    >>> import torch
    >>> from torch.distributions import Independent, Normal
    >>> prior = Independent(Normal(torch.zeros(2), 1.0), 1)
    >>> run = annealed(lambda z: prior.log_prob(z) + 3.0, prior, batch=5, num_chains=4, num_temperatures=10)
    >>> bool((run.bound - 3.0).abs().max() < 1e-4)  # every weight is exact where the posterior is the prior
    True
    """
    path = Path.build(log_joint, q0, batch, num_chains, leapfrogs)
    betas = temperatures(num_temperatures, schedule)
    with Unchecked.scope():
        steps = step_sizes(path, betas, step_size, schedule, seed) if transition is None else None
        return Annealed(*walk(path, started(path, seed), betas, steps, transition, seed, back=False), reverse=False)


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
        leapfrogs: The most steps of each draw; half as many at least.
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
    path = Path.build(log_joint, q0, start.shape[1], len(start), leapfrogs)
    if start.shape[2:] != q0.event_shape:
        raise CompatibilityError(f"exact samples have {start.shape[2]} dimensions, q0 {tuple(q0.event_shape)}")
    betas = temperatures(num_temperatures, schedule)
    with Unchecked.scope():
        steps = step_sizes(path, betas, step_size, schedule, seed) if transition is None else None
        return Annealed(*walk(path, start.clone(), betas, steps, transition, seed + 1, back=True), reverse=True)


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
        leapfrogs: The most steps of each draw; half as many at least.
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
        path = Path.build(log_joint, q0, start.shape[1], len(start), leapfrogs)
        with Unchecked.scope():
            step_size = step_sizes(path, temperatures(num_temperatures, schedule), None, schedule, seed)
    shared = {"num_temperatures": num_temperatures, "leapfrogs": leapfrogs, "seed": seed}
    lower = annealed(
        log_joint, q0, start.shape[1], num_chains=len(start), schedule=schedule, step_size=step_size,
        transition=transition, **shared,
    )  # fmt: skip
    upper = annealed_back(log_joint, q0, start, schedule=schedule, step_size=step_size, transition=transition, **shared)
    return Sandwich(lower, upper)

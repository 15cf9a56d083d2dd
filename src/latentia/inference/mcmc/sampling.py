"""Sampling: a warm-up that learns step size and mass, then draws with both fixed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from latentia.errors import CompatibilityError, ConfigurationError
from latentia.inference.mcmc.hamiltonian import Kernel, Move, hmc
from latentia.inference.mcmc.metric import Mass, Metric, Moments, unit_metric
from latentia.inference.mcmc.nuts import nuts
from latentia.inference.mcmc.samples import Samples
from latentia.inference.mcmc.step_size import DualAveraging, first_step_size, windows
from latentia.inference.mcmc.target import LogProb, Point, Target
from latentia.inference.parameters import LogJoint, Parameter, Parameters, Unchecked

Method = Literal["nuts", "hmc"]
"""Trajectories that find their own length, or of a fixed number of steps."""
Progress = Callable[[int, int], None]
"""Called with (draws made, draws in all), the warm-up among them."""


def sample(
    log_prob: LogProb,
    initial: Tensor,
    *,
    method: Method = "nuts",
    num_samples: int = 1000,
    warmup: int = 1000,
    target_accept: float = 0.8,
    max_tree_depth: int = 10,
    num_steps: int = 16,
    mass: Mass = "diagonal",
    groups: int = 1,
    seed: int = 0,
    progress: Progress | None = None,
) -> Samples:
    r"""Draws from a density known up to a constant, by Hamiltonian Monte Carlo with all chains in one pass.

    The trajectories follow \(H(z, r) = -\log p(z) + \frac12 r^T M^{-1} r\). In the warm-up the step size approaches the
    rate of acceptance asked for, and M the inverse of the target's variances or covariance, both learned from all
    chains of a group; afterwards they are fixed, so that the draws are those of a Markov chain.

    Args:
        log_prob: The log-density up to a constant, `[C, D]` to `[C]`, in nats, differentiable; each row must depend on
            its own row alone.
        initial: Where the chains start, `[C, D]`; best over-dispersed.
        method: `nuts`, or `hmc` with `num_steps`.
        num_samples: S, draws of each chain that are kept.
        warmup: Draws before them.
        target_accept: The rate of acceptance to aim at, in (0, 1); higher takes smaller steps.
        max_tree_depth: NUTS takes at most 2 to this power steps a draw.
        num_steps: The most leapfrog steps of a draw of HMC, whose number is drawn between half of it and all.
        mass: What is learned of the scale: `diagonal`, `dense` or `identity`.
        groups: G; consecutive C / G chains share a target, a step size and a mass. More than one serves many posteriors
            at once, such as those of many x.
        seed: Of all noise.
        progress: Called after each draw.

    Returns:
        The draws and how they were made.

    Raises:
        CompatibilityError: Shapes that do not fit.
        ConfigurationError: An option out of its range, or a density without a gradient.
        NonFiniteError: A chain starts where the density is not finite.

    References:
        Neal, 2011, arXiv:1206.1901; Hoffman, Gelman, 2014, arXiv:1111.4246; Betancourt, 2017, arXiv:1701.02434.

    >>> drawn = sample(lambda z: -0.5 * z.square().sum(-1), torch.randn(4, 2), num_samples=50, warmup=50)
    >>> drawn.draws.shape
    torch.Size([4, 50, 2])
    """
    _check(method, num_samples, warmup, target_accept, max_tree_depth, num_steps, mass)
    kernel = nuts(max_tree_depth) if method == "nuts" else hmc(num_steps)
    total = warmup + num_samples
    report = progress or (lambda done, total: None)
    # A wild step that overflows a scale is to be a density that is not a number, not an exception of a distribution.
    with Unchecked.scope():
        target = Target(log_prob)
        point = target.start(initial)
        if groups < 1 or len(initial) % groups:
            raise CompatibilityError(f"{len(initial)} chains do not make {groups} groups of equal size")
        generator = torch.Generator(device=initial.device).manual_seed(seed)
        point, metric, step = _warm_up(
            target, kernel, point, groups, warmup, target_accept, mass, generator, lambda done: report(done, total)
        )
        moves: list[Move] = []
        for done in range(num_samples):
            move = kernel(target, metric, step, point, generator)
            point = move.point
            # The gradient is of no use any more, and would double the memory.
            moves.append(replace(move, point=replace(point, gradient=point.gradient.new_empty(0))))
            report(warmup + done + 1, total)
    return Samples(
        draws=torch.stack([move.point.z for move in moves], dim=1),
        log_prob=torch.stack([move.point.log_prob for move in moves], dim=1),
        energy=torch.stack([move.energy for move in moves], dim=1),
        divergent=torch.stack([move.divergent for move in moves], dim=1),
        acceptance=torch.stack([move.acceptance for move in moves], dim=1),
        leapfrogs=torch.stack([move.leapfrogs for move in moves], dim=1),
        depth=torch.stack([move.depth for move in moves], dim=1),
        step_size=step,
        max_tree_depth=max_tree_depth if method == "nuts" else None,
        groups=groups,
    )


def _warm_up(
    target: Target,
    kernel: Kernel,
    point: Point,
    groups: int,
    warmup: int,
    target_accept: float,
    mass: Mass,
    generator: torch.Generator,
    report: Callable[[int], None],
) -> tuple[Point, Metric, Tensor]:
    """The chains after their warm-up, with the metric and the step sizes `[C]` that they learned."""
    chains = len(point.z)
    metric = unit_metric(point.z)
    step = first_step_size(target, metric, point, point.z.new_ones(groups), generator)
    averaging = DualAveraging(step, target_accept)
    moments = Moments(groups, point.z, mass)
    begin, ends = windows(warmup)
    for done in range(warmup):
        move = kernel(target, metric, averaging.step.repeat_interleave(chains // groups), point, generator)
        point = move.point
        averaging.update(move.acceptance.reshape(groups, -1).mean(1))
        if ends and begin <= done < ends[-1]:
            moments.add(point.z)
        if done + 1 in ends:
            learned = moments.metric(chains)
            if learned is not None:
                metric = learned
                step = first_step_size(target, metric, point, averaging.step, generator)
                averaging = DualAveraging(step, target_accept)
            moments = Moments(groups, point.z, mass)
        report(done + 1)
    return point, metric, averaging.final.repeat_interleave(chains // groups)


def sample_parameters(
    log_joint: LogJoint,
    layout: Mapping[str, Parameter | tuple[int, ...]] | Parameters,
    *,
    chains: int = 4,
    initial: Mapping[str, Tensor] | None = None,
    batched: bool = False,
    dtype: torch.dtype = torch.float64,
    method: Method = "nuts",
    num_samples: int = 1000,
    warmup: int = 1000,
    target_accept: float = 0.8,
    max_tree_depth: int = 10,
    num_steps: int = 16,
    mass: Mass = "diagonal",
    seed: int = 0,
    progress: Progress | None = None,
) -> Samples:
    r"""Draws of named, constrained parameters given a log-joint.

    Sampling takes place on the real line, \(\log p(g(\theta)) + \log |\det \partial g / \partial \theta|\); see
    `Parameters`.

    Args:
        log_joint: From parameters by name to the log-density of parameters and data, up to a constant. Written for one
            set of parameters, unless `batched`; see `Parameters.target`.
        layout: Name to `Parameter(shape, support)`, or to a shape alone.
        chains: C.
        initial: Name to `[C, *shape]`, where the chains start; by default uniform on (-2, 2) before the bijection.
        batched: Whether `log_joint` takes a leading dimension of chains itself, which is faster.
        dtype: Of the parameters.
        method: See `sample`, as all that follow.
        num_samples: S.
        warmup: Draws before them.
        target_accept: The rate of acceptance to aim at.
        max_tree_depth: Of NUTS.
        num_steps: Of HMC.
        mass: What is learned of the scale.
        seed: Of all noise.
        progress: Called after each draw.

    Returns:
        Draws whose `values` are the parameters by name, `[C, S, *shape]`.

    Raises:
        CompatibilityError: Names or shapes that do not fit.
        ConfigurationError: An option or a support that cannot work.
        NonFiniteError: A chain starts where the density is not finite.

    >>> from torch.distributions import Gamma, constraints
    >>> drawn = sample_parameters(
    ...     lambda v: Gamma(3.0, 2.0).log_prob(v["rate"]), {"rate": Parameter((), constraints.positive)},
    ...     num_samples=50, warmup=50)
    >>> drawn.values["rate"].shape, bool((drawn.values["rate"] > 0).all())
    (torch.Size([4, 50]), True)
    """
    parameters = layout if isinstance(layout, Parameters) else Parameters(layout)
    if initial is not None:
        start = parameters.unconstrain(initial)
    else:
        if chains < 1:
            raise ConfigurationError(f"{chains} chains were asked for; expected 1 or more, four are usual")
        generator = torch.Generator().manual_seed(seed)
        start = torch.rand((chains, parameters.size), generator=generator, dtype=dtype) * 4 - 2
    drawn = sample(
        parameters.target(log_joint, batched=batched),
        start.to(dtype),
        method=method,
        num_samples=num_samples,
        warmup=warmup,
        target_accept=target_accept,
        max_tree_depth=max_tree_depth,
        num_steps=num_steps,
        mass=mass,
        seed=seed,
        progress=progress,
    )
    return replace(drawn, parameters=parameters)


def _check(
    method: str, num_samples: int, warmup: int, target_accept: float, max_tree_depth: int, num_steps: int, mass: str
) -> None:
    for name, given, words in (("method", method, ("nuts", "hmc")), ("mass", mass, ("diagonal", "dense", "identity"))):
        if given not in words:
            raise ConfigurationError(f"{name} {given!r} was given; expected one of {', '.join(words)}")
    least = {"num_samples": (num_samples, 1), "warmup": (warmup, 0), "num_steps": (num_steps, 1)}
    for name, (number, low) in least.items():
        if number < low:
            raise ConfigurationError(f"{name} is {number}; expected {low} or more")
    if not 1 <= max_tree_depth <= 20:
        raise ConfigurationError(f"max_tree_depth is {max_tree_depth}; expected between 1 and 20, 10 is usual")
    if not 0 < target_accept < 1:
        raise ConfigurationError(f"target_accept is {target_accept}; expected a rate between 0 and 1, such as 0.8")

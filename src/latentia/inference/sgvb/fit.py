"""Stochastic gradient variational Bayes: fit a guide to a log-joint."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from latentia.errors import CompatibilityError, ConfigurationError, NonFiniteError
from latentia.inference.sgvb.approximation import Approximation
from latentia.inference.sgvb.estimators import Gradient, GradientName
from latentia.inference.sgvb.guides import Guide, GuideName, guide_named
from latentia.inference.sgvb.optimise import Schedule, climb
from latentia.inference.sgvb.targets import Density, Target


def fit(
    target: Target,
    *,
    guide: GuideName | Guide = "mean_field",
    estimator: GradientName = "pathwise",
    num_samples: int = 8,
    start: Mapping[str, Tensor] | None = None,
    init_scale: float = 0.1,
    schedule: Schedule | None = None,
    final_samples: int = 1000,
    seed: int = 0,
    dtype: torch.dtype | None = None,
) -> Approximation:
    r"""Maximise \(E_{q}[\log p(\theta, D) - \log q(\theta)]\) over a family of q by stochastic gradients.

    q lives on the unconstrained vector; the log-determinant of the map to the parameters is counted in log p.

    Args:
        target: `LogJoint`, or `MiniBatches` where the likelihood is a sum over many rows.
        guide: The family of q: `mean_field`, `full_rank`, a flow (`iaf`, `coupling`, `spline`), or a guide of one's
            own, which is fitted from where it is, in place.
        estimator: Of the gradient (see `Gradient`).
        num_samples: Draws of q for each step.
        start: Parameters to start at, by name; by default the origin of the unconstrained vector.
        init_scale: Standard deviation of q at the start, unconstrained.
        schedule: Step sizes, and when to stop; by default steps of 0.05 for Gaussian guides and of 0.01 for flows,
            whose networks larger ones throw about.
        final_samples: Fresh draws, on all data, for the ELBO that is reported and for k-hat.
        seed: Of all noise and of the order of the rows.
        dtype: Of the parameters; by default that of the data, or torch's default.

    Returns:
        The approximation.

    Raises:
        CompatibilityError: The log-joint asks for unknown parameters or returns another shape than it should.
        ConfigurationError: An option out of range.
        NonFiniteError: The log-joint or its gradient became NaN or infinite: says where.

    References:
        Kingma, Welling, Auto-encoding variational Bayes, 2014, arXiv:1312.6114; Kucukelbir, Tran, Ranganath, Gelman,
        Blei, Automatic differentiation variational inference, 2017, arXiv:1603.00788; Yao, Vehtari, Simpson, Gelman,
        Yes, but did it work?, 2018, arXiv:1802.02538 (k-hat).

    >>> from latentia.inference.parameters import Parameters
    >>> from latentia.inference.sgvb import LogJoint
    >>> from torch.distributions import Normal
    >>> x = torch.tensor([1.0, 2.0, 3.0])
    >>> def log_joint(theta, x):
    ...     return Normal(0, 10).log_prob(theta["mean"]) + Normal(theta["mean"], 1).log_prob(x).sum()
    >>> q = fit(LogJoint(Parameters({"mean": ()}), log_joint, x), estimator="stl")
    >>> round(float(q.mean["mean"]), 2), round(float(q.std["mean"]), 2)
    (1.99, 0.58)
    """
    if not init_scale > 0 or final_samples < 1:
        raise ConfigurationError(
            f"init_scale is {init_scale} and final_samples {final_samples}; expected numbers above 0"
        )
    gradient = Gradient(estimator, num_samples)
    generator = torch.Generator().manual_seed(seed)
    loc = _start(target, start, dtype)
    target.trial(loc)
    q = guide if isinstance(guide, Guide) else guide_named(guide, loc, torch.full_like(loc, init_scale), seed=seed)
    if q.size != target.parameters.size:
        raise CompatibilityError(
            f"the guide has {q.size} dimensions; the parameters {', '.join(target.parameters.names)} have "
            f"{target.parameters.size} without their constraints: build it for as many"
        )
    densities = target.steps(generator)

    def estimate() -> tuple[Tensor, float]:
        noise = torch.randn(num_samples, q.size, generator=generator, dtype=loc.dtype).to(loc.device)
        loss, log_w = gradient(q, next(densities), noise)
        return loss, float(log_w.mean())

    schedule = schedule or Schedule(step=0.05 if q.gaussian else 0.01)
    ended = climb(list(q.parameters()), estimate, schedule)
    noise = torch.randn(final_samples, q.size, generator=generator, dtype=loc.dtype).to(loc.device)
    log_weights = _log_weights(q, target.whole(), noise)
    return Approximation(target.parameters, q, log_weights, ended.path, ended.converged, ended.reason)


def _start(target: Target, start: Mapping[str, Tensor] | None, dtype: torch.dtype | None) -> Tensor:
    like = target.like
    dtype = dtype or (torch.get_default_dtype() if like is None else like.dtype)
    device = torch.device("cpu") if like is None else like.device
    if start is None:
        return torch.zeros(target.parameters.size, dtype=dtype, device=device)
    values = {name: torch.as_tensor(value) for name, value in start.items()}
    return target.parameters.unconstrain(values).to(device, dtype)


@torch.no_grad()
def _log_weights(guide: Guide, density: Density, noise: Tensor, portion: int = 250) -> Tensor:
    parts: list[Tensor] = []
    for part in noise.split(portion):
        theta, log_q = guide.push(part)
        parts.append(density(theta) - log_q)
    log_w = torch.cat(parts)
    bad = log_w.isnan() | (log_w == torch.inf)
    if bad.any():
        raise NonFiniteError(
            f"the log-joint is NaN or +inf for {int(bad.sum())} of {len(log_w)} draws of the fitted guide: look for a "
            "logarithm, root or quotient that overflows away from the mean"
        )
    return log_w

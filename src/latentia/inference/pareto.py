"""Pareto-smoothed importance sampling: how heavy the tail of importance weights is, and what to do about it."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from latentia.errors import DataError, NonFiniteError

GOOD, USABLE = 0.5, 0.7
"""Below the first, weights have a finite variance; below the second, means under them still converge in practice."""
FEWEST = 5
"""A tail of fewer weights tells nothing of its shape."""
# The weight of the weakly informative prior of the shape, in observations, and the shape that it is centred on.
_PRIOR_COUNT, _PRIOR_SHAPE = 10.0, 0.5
# How many numbers the fit of one chunk of rows may hold.
_CHUNK = 4_000_000


def tail_length(num_samples: int) -> int:
    r"""How many of the largest weights count as the tail, \(\lceil \min(S / 5, 3 \sqrt S) \rceil\).

    Args:
        num_samples: S.

    Returns:
        M.

    >>> tail_length(20), tail_length(100), tail_length(10_000)
    (4, 20, 300)
    """
    return math.ceil(min(num_samples / 5, 3 * math.sqrt(num_samples)))


def psis(log_w: Tensor) -> tuple[Tensor, Tensor]:
    r"""Smooth the largest importance weights, and measure the shape of their tail.

    The M largest weights in excess of the next one follow a generalised Pareto distribution of shape k for large S.
    They are replaced by its quantiles at \((i - 1/2)/M\), in the same order and never above the largest of them.
    Weights have 1/k finite moments: \(\hat k\) says whether a mean under them can be trusted.

    Nothing is normalised: the mean of the smoothed weights is comparable with that of the weights given.

    Args:
        log_w: Log-weights, `[..., S]`, in nats, up to a constant of each row; -inf is a weight of zero.

    Returns:
        The smoothed log-weights `[..., S]`, and \(\hat k\) `[...]`. A shape is -inf where the weights of the tail are
        all the same (nothing is heavy), and inf where there are too few to judge: S of 20 or less, fewer than five
        distinct from those below, or no weight above zero. In these cases the weights are as they were.

    Raises:
        DataError: There are no samples.
        NonFiniteError: A log-weight is NaN or +inf.

    References:
        Vehtari, Simpson, Gelman, Yao, Gabry, Pareto smoothed importance sampling, 2024, arXiv:1507.02646.

    >>> smoothed, k = psis(torch.zeros(3, 100))
    >>> smoothed.shape, k
    (torch.Size([3, 100]), tensor([-inf, -inf, -inf]))
    """
    if log_w.dim() == 0 or log_w.shape[-1] == 0:
        raise DataError(f"log-weights have the shape {tuple(log_w.shape)}; give [..., S] with one sample at least")
    bad = log_w.isnan() | (log_w == math.inf)
    if bad.any():
        raise NonFiniteError(
            f"{int(bad.sum())} of {log_w.numel()} log-weights are NaN or +inf: find the log-density that is not finite "
            "(only -inf, a weight of zero, can be smoothed)"
        )
    samples, lead = log_w.shape[-1], log_w.shape[:-1]
    tail = tail_length(samples)
    rows = log_w.detach().reshape(-1, samples).double()
    step = max(1, _CHUNK // (tail * _grid_length(tail)))
    done = [_smooth(chunk, tail) for chunk in rows.split(step)] if len(rows) else [(rows, rows.new_zeros(0))]
    smoothed, shapes = (torch.cat(parts) for parts in zip(*done, strict=True))
    return smoothed.reshape(log_w.shape).to(log_w.dtype), shapes.reshape(lead).to(log_w.dtype)


def tail_shape(largest: Tensor, num_samples: int) -> Tensor:
    r"""\(\hat k\) as by `psis`, from the largest log-weights alone: for weights that were never in memory together.

    Args:
        largest: The `tail_length(S) + 1` largest log-weights (all, where there are fewer), `[R, M + 1]`, in any order.
        num_samples: S, of which they are the largest.

    Returns:
        `[R]`; inf also where a log-weight is NaN or +inf.

    >>> log_w = torch.linspace(-3, 3, 1000, dtype=torch.float64)[None]
    >>> bool(tail_shape(log_w[:, -96:], 1000) == psis(log_w)[1])
    True
    """
    tail = tail_length(num_samples)
    rows = largest.detach().double()
    shapes = rows.new_full(rows.shape[:1], math.inf)
    fine = ~(rows.isnan() | (rows == math.inf)).any(-1)
    if tail >= FEWEST and fine.any():
        step = max(1, _CHUNK // (tail * _grid_length(tail)))
        shapes[fine] = torch.cat([_smooth(chunk, tail)[1] for chunk in rows[fine].split(step)])
    return shapes


def verdict(k_hat: float) -> str:
    r"""What a shape means, in words.

    Args:
        k_hat: \(\hat k\) of `psis`.

    Returns:
        A phrase.

    >>> verdict(0.31)
    'good (k-hat 0.31 < 0.5): importance weights of the approximation have a finite variance'
    """
    if k_hat < GOOD:
        return f"good (k-hat {k_hat:.2f} < {GOOD}): importance weights of the approximation have a finite variance"
    if k_hat < USABLE:
        return f"usable (k-hat {k_hat:.2f} < {USABLE}): somewhat too narrow, and importance weights still correct it"
    if k_hat == math.inf:
        return "not judged: too few distinct importance weights to tell; draw more samples"
    return (
        f"do not trust (k-hat {k_hat:.2f} >= {USABLE}): the approximation misses where much of the posterior lies; "
        "take a richer guide, another parameterisation, or simulation (latentia.inference.mcmc)"
    )


def fit_generalised_pareto(excess: Tensor, count: Tensor | None = None) -> tuple[Tensor, Tensor]:
    r"""Shape k and scale sigma of \(p(y) = \frac1\sigma (1 + k y / \sigma)^{-1/k - 1}\), without a prior of the shape.

    The estimate of Zhang and Stephens: with b = -k / sigma the profile likelihood is
    \(l(b) = n (\log(-b / k(b)) - k(b) - 1)\), \(k(b) = \frac1n \sum_i \log(1 - b y_i)\) being minus the shape in their
    sign; b is its mean under a weakly informative prior, by a sum over a grid.

    Args:
        excess: Excesses in ascending order, `[R, M]`, not negative, the last one positive.
        count: How many at the end of each row take part, `[R]`; all by default.

    Returns:
        k and sigma, `[R]` each.

    References:
        Zhang, Stephens, A new and efficient estimation method for the generalized Pareto distribution, 2009,
        doi:10.1198/tech.2009.08017.
    """
    width = excess.shape[-1]
    n = torch.full(excess.shape[:-1], width, device=excess.device) if count is None else count
    first = width - n
    part = (torch.arange(width, device=excess.device) >= first[:, None]).to(excess)
    total = n.to(excess)
    # The first quartile, which scales the grid; a rank from 1 as in the paper.
    rank = (n / 4 + 0.5).floor().long().clamp_min(1) - 1
    quartile = excess.gather(-1, (first + rank)[:, None]).squeeze(-1)
    points = _grid_length(width)
    j = torch.arange(1, points + 1, dtype=excess.dtype, device=excess.device)
    b = 1 / excess[:, -1:] + (1 - torch.sqrt(points / (j - 0.5))) / (3 * quartile[:, None])
    shape = (torch.log1p(-b[..., None] * excess[:, None]) * part[:, None]).sum(-1) / total[:, None]
    profile = total[:, None] * (torch.log(-b / shape) - shape - 1)
    mean = (profile.softmax(-1) * b).sum(-1)
    k = (torch.log1p(-mean[:, None] * excess) * part).sum(-1) / total
    return k, -k / mean


def _grid_length(tail: int) -> int:
    return 30 + math.isqrt(tail)


def _smooth(log_w: Tensor, tail: int) -> tuple[Tensor, Tensor]:
    """Rows `[R, S]` in float64."""
    shapes = log_w.new_full(log_w.shape[:1], math.inf)
    if tail < FEWEST:
        return log_w, shapes
    ordered, order = log_w.sort(dim=-1)
    top = ordered[:, -1:]
    # Weights in units of the largest, so that a constant in the log-weights changes nothing.
    relative = torch.where(top.isfinite(), ordered - top, ordered)
    weights = relative.exp()
    excess = weights[:, -tail:] - weights[:, -tail - 1 : -tail]
    count = (excess > 0).sum(-1)
    level = top.squeeze(-1).isfinite() & (relative[:, -tail] >= -100 * torch.finfo(log_w.dtype).eps)
    fitted = (count >= FEWEST) & ~level
    shapes = shapes.masked_fill(level, -math.inf)
    if fitted.any():
        inside, n = excess[fitted], count[fitted]
        k, sigma = fit_generalised_pareto(inside, n)
        total = n.to(k)
        k = (total * k + _PRIOR_COUNT * _PRIOR_SHAPE) / (total + _PRIOR_COUNT)
        i = torch.arange(1, tail + 1, device=k.device) - (tail - n)[:, None]
        p = (i.clamp_min(1) - 0.5) / total[:, None]
        quantile = _quantile(p, k[:, None], sigma[:, None])
        smooth = (quantile + weights[fitted, -tail - 1, None]).log().clamp_max(0) + top[fitted]
        ordered[fitted, -tail:] = torch.where(i >= 1, smooth, ordered[fitted, -tail:])
        shapes[fitted] = k
    return torch.empty_like(log_w).scatter_(-1, order, ordered), shapes


def _quantile(p: Tensor, k: Tensor, sigma: Tensor) -> Tensor:
    """Of a generalised Pareto distribution: sigma ((1 - p)^-k - 1) / k, continuous at k = 0."""
    log_tail = -torch.log1p(-p)
    near = k.abs() < 1e-12
    safe = torch.where(near, torch.ones_like(k), k)
    return sigma * torch.where(near, log_tail, torch.expm1(safe * log_tail) / safe)

"""The Fréchet distance between the Gaussians that two sets of features would be: FID on features of any choice."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from latentia.data.source import permutation
from latentia.errors import ConfigurationError, DataError
from latentia.evaluation.generation.distances import feature_matrix

LARGEST = 4096
"""The singular values of larger matrices take hours."""
_POINTS = 8


def frechet_of_moments(mean_a: Any, covariance_a: Any, mean_b: Any, covariance_b: Any) -> float:
    r"""The squared 2-Wasserstein distance of two Gaussians.

    \[ d^2 = |m_a - m_b|^2 + tr(A + B - 2 (A B)^{1/2}) \]

    With \(A = S^T S\) and \(B = T^T T\) the eigenvalues of A B are the squared singular values of \(S T^T\), so the
    last trace is their sum: real and non-negative by construction, singular covariances included.

    Args:
        mean_a: `[F]`.
        covariance_a: A, `[F, F]`, symmetric, without negative eigenvalues.
        mean_b: `[F]`.
        covariance_b: B, likewise.

    Returns:
        At least 0, in squared units of the features.

    Raises:
        DataError: Shapes that do not fit, or a matrix that is no covariance.

    References:
        Dowson, Landau, The Fréchet distance between multivariate normal distributions, 1982,
        doi:10.1016/0047-259X(82)90077-X.

    >>> frechet_of_moments([0.0], [[4.0]], [3.0], [[1.0]])
    10.0
    """
    means = [torch.as_tensor(mean, dtype=torch.float64) for mean in (mean_a, mean_b)]
    covariances = [torch.as_tensor(each, dtype=torch.float64) for each in (covariance_a, covariance_b)]
    size = len(means[0]) if means[0].dim() == 1 else -1
    if any(mean.shape != (size,) for mean in means) or any(each.shape != (size, size) for each in covariances):
        shapes = [tuple(each.shape) for each in (*means, *covariances)]
        raise DataError(f"means and covariances have shapes {shapes}; give [F], [F], [F, F], [F, F] with one F")
    return _distance(means[0], _factor(covariances[0]), means[1], _factor(covariances[1]))


def frechet_distance(a: Any, b: Any) -> float:
    r"""The Fréchet distance of the Gaussians with the moments of two sets; with Inception features, the FID.

    The covariances are over N - 1 and are never formed: their factors come from a QR decomposition of the centred rows.

    The estimate is biased upwards: it is positive for two sets of one distribution, by about c / n for n rows of each.
    So compare numbers from equally many rows alone, or extrapolate (`frechet_at_infinity`). With fewer rows than
    features the covariances are singular and the bias is large.

    Args:
        a: `[N, F]`.
        b: `[M, F]`.

    Returns:
        At least 0, in squared units of the features.

    Raises:
        DataError: Not two matrices of the same features, or fewer than two rows.
        ConfigurationError: More than `LARGEST` features and rows.

    References:
        Heusel, Ramsauer, Unterthiner, Nessler, Hochreiter, GANs trained by a two time-scale update rule converge to a
        local Nash equilibrium, 2017, arXiv:1706.08500.

    >>> frechet_distance([[0.0], [2.0]], [[3.0], [7.0]])
    18.0
    """
    x = feature_matrix(a, "features of the first set", rows=2)
    y = feature_matrix(b, "features of the second set", rows=2, columns=x.shape[1])
    smaller = min(x.shape[1], max(len(x), len(y)))
    if smaller > LARGEST:
        raise ConfigurationError(
            f"{x.shape[1]:,} features of {len(x):,} and {len(y):,} rows would take hours; give at most {LARGEST:,} "
            "features, such as those of an encoder or a classifier"
        )
    return _distance(*_moments(x), *_moments(y))


def frechet_at_infinity(a: Any, b: Any, *, seed: int = 0) -> float | None:
    r"""The Fréchet distance without its bias in n: a line in 1/n through smaller sets, read at 1/n = 0.

    Random subsets of n rows of both sets, 8 sizes from a quarter of the rows to all of them, evenly spaced in 1/n;
    ordinary least squares. It may come out below 0 where the distributions are equal. What is left of the bias is of
    order \(1/n^2\); the subsets overlap, so residuals say little of its error, and none is given.

    Args:
        a: `[N, F]`.
        b: `[M, F]`; where one set is larger, its subsets are of as many rows as those of the smaller one.
        seed: Of the subsets.

    Returns:
        The extrapolated distance, or None where the smallest subset would have fewer than two rows a feature: there
        the bias does not follow 1/n yet.

    Raises:
        DataError: As for `frechet_distance`.

    References:
        Chong, Forsyth, Effectively unbiased FID and Inception score and where to find them, 2020, arXiv:1911.07023.
    """
    x = feature_matrix(a, "features of the first set", rows=2)
    y = feature_matrix(b, "features of the second set", rows=2, columns=x.shape[1])
    rows = min(len(x), len(y))
    if rows // 4 < 2 * x.shape[1] or rows < 8 * _POINTS:
        return None
    inverse = torch.linspace(1 / rows, 4 / rows, _POINTS, dtype=torch.float64)
    sizes = (1 / inverse).round().long()
    values = []
    for n in sizes.tolist():
        first = permutation(len(x), seed, n, "frechet", "first")[:n]
        second = permutation(len(y), seed, n, "frechet", "second")[:n]
        values.append(_distance(*_moments(x[first]), *_moments(y[second])))
    design = torch.stack([torch.ones_like(inverse), 1 / sizes.double()], dim=1)
    return float(torch.linalg.lstsq(design, torch.tensor(values, dtype=torch.float64)[:, None]).solution[0])


def _moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean, and a factor S of the covariance: `[F]` and `[min(N, F), F]`."""
    wide = x.double()
    mean = wide.mean(0)
    return mean, torch.linalg.qr((wide - mean) / (len(x) - 1) ** 0.5, mode="r").R


def _factor(covariance: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(covariance)
    largest = values.abs().max()
    if not torch.allclose(covariance, covariance.T, rtol=1e-9, atol=float(1e-12 * largest)):
        raise DataError("a covariance is not symmetric: give the covariance of the features, [F, F]")
    if values.min() < -1e-9 * largest:
        raise DataError(f"a covariance has the eigenvalue {float(values.min()):g}: none can be negative")
    factor: Tensor = values.clamp_min(0).sqrt()[:, None] * vectors.T
    return factor


def _distance(mean_a: Tensor, s: Tensor, mean_b: Tensor, t: Tensor) -> float:
    overlap = torch.linalg.svdvals(s @ t.T).sum()
    squared = (mean_a - mean_b).square().sum() + s.square().sum() + t.square().sum() - 2 * overlap
    # Of equal sets rounding may leave less than nothing.
    return max(0.0, float(squared))

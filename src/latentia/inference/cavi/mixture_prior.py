"""The prior of a Bayesian Gaussian mixture."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from latentia.errors import ConfigurationError, DataError
from latentia.inference.cavi.dirichlet_gauss_wishart import DirichletGaussWishart
from latentia.inference.matrix import constant_columns, real_matrix, real_vector


def mixture_prior(
    x: Any,
    components: int,
    *,
    concentration: float | None = None,
    mean: Any = None,
    mean_precision: float = 1.0,
    freedom: float | None = None,
    inverse_scale: Any = None,
) -> DirichletGaussWishart:
    """The prior of a mixture, in scikit-learn's defaults where nothing else is said.

    Args:
        x: `[N, D]`, for the defaults.
        components: K.
        concentration: alpha_0 of the symmetric Dirichlet; 1/K.
        mean: m_0, `[D]`; the mean of x.
        mean_precision: beta_0.
        freedom: nu_0, above D - 1; D.
        inverse_scale: W_0^-1, `[D, D]`; the covariance of x (over N - 1).

    Returns:
        K components alike.

    Raises:
        DataError: Too few rows, entries that are not finite, or columns without a covariance to take.
        ConfigurationError: A parameter outside its range.
    """
    x = real_matrix(x, rows=2)
    d = x.shape[1]
    if components < 1:
        raise ConfigurationError(f"components is {components}; a mixture has at least one")
    concentration = 1 / components if concentration is None else concentration
    freedom = float(d) if freedom is None else freedom
    ranges = {"concentration": (concentration, 0), "mean_precision": (mean_precision, 0), "freedom": (freedom, d - 1)}
    for name, (value, low) in ranges.items():
        if not (value > low and math.isfinite(value)):
            raise ConfigurationError(f"{name} is {value:g}; for {d} column(s) it is a finite number above {low}")
    centre = x.mean(0) if mean is None else real_vector(mean, "mean", d)
    scale = _covariance(x) if inverse_scale is None else real_matrix(inverse_scale, "inverse_scale", rows=d, columns=d)
    if scale.shape != (d, d) or bool(torch.linalg.cholesky_ex(scale).info) or not torch.allclose(scale, scale.mT):
        raise ConfigurationError(f"inverse_scale has to be a symmetric positive definite matrix of shape ({d}, {d})")

    def alike(value: float) -> Tensor:
        return torch.full((components,), float(value), dtype=x.dtype)

    return DirichletGaussWishart(
        alike(concentration), centre.expand(components, -1), alike(mean_precision), alike(freedom),
        scale.expand(components, -1, -1),
    )  # fmt: skip


def _covariance(x: Tensor) -> Tensor:
    constant = constant_columns(x)
    if constant:
        raise DataError(
            f"column {constant[0]} of x is constant ({len(constant)} such), so its covariance is singular: drop the "
            "column, or give inverse_scale"
        )
    covariance = x.mT.cov()  # of the rows of its argument
    covariance = covariance.reshape(x.shape[1], x.shape[1])
    spread = covariance.diagonal().sqrt()
    if float(torch.linalg.eigvalsh(covariance / spread[:, None] / spread)[0]) < 1e-12 * x.shape[1]:
        raise DataError(
            f"the columns of x are linearly dependent ({len(x)} rows, {x.shape[1]} columns), so their covariance is "
            "singular: drop a column, give more rows, or give inverse_scale"
        )
    return covariance

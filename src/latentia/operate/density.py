"""Ex-post density estimation: a prior fitted to the codes of a model that is trained already."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import torch
from torch import Tensor, nn

from latentia.conditionals.fitted_prior import FittedMixture
from latentia.data_model import BLOCK, DataModel, evaluating, seeded
from latentia.errors import CompatibilityError, ConfigurationError, DataError
from latentia.latents import LatentGroup, TopDown
from latentia.latents.group import PLACES
from latentia.names import DensityName
from latentia.operate.flow_fit import fit_flow

RIDGE = 1e-6
"""Added to the variances of standardised codes, so that a dimension without any spread has a density too."""


def fit_density(
    model: DataModel, data: Any, kind: DensityName = "mixture", *, components: int = 10, seed: int = 0
) -> nn.Module:
    r"""Fit p(z) to the aggregate posterior, \(\frac1N \sum_n q(z|x_n)\), of a trained model.

    The codes are one draw of q(z|x) for each row; of an autoencoder, the codes themselves. Give the rows that the model
    was trained on.

    Args:
        model: A model with one group of latent variables over real vectors.
        data: `[N, *shape]` in the data's units.
        kind: `gaussian`, one of full covariance at its maximum of likelihood; `mixture`, of such Gaussians, by
            expectation maximisation; `flow`, a neural spline flow, stopped where held-out codes are described best.
        components: Gaussians of the mixture.
        seed: Of the draws and of the fit.

    Returns:
        A prior: see `with_prior`.

    Raises:
        CompatibilityError: Several groups, or codes that are no real vectors.
        ConfigurationError: Fewer than one component, or more than rows.
        DataError: Fewer than two rows, or codes that are not finite.

    References:
        Ghosh, Sajjadi, Vergari, Black, Schölkopf, From variational to deterministic autoencoders, 2020,
        arXiv:1903.12436, section 4.
    """
    codes = draw_codes(model, data, seed=seed)
    if kind == "mixture" and not 1 <= components <= len(codes):
        raise ConfigurationError(
            f"components is {components}; a mixture of the codes of {len(codes):,} rows has 1 to {len(codes):,}"
        )
    loc, spread = codes.mean(0), codes.std(0, correction=0)
    scale = spread.clamp_min(RIDGE * max(float(spread.max()), RIDGE))
    standard = (codes - loc) / scale
    prior: nn.Module
    if kind == "flow":
        like = next(model.parameters())
        prior = fit_flow(standard, loc, scale, seed=seed, dtype=like.dtype, device=like.device)
    else:
        weights, means, tril = _gaussian(standard) if kind == "gaussian" else _mixture(standard, components, seed)
        prior = FittedMixture(weights, loc + means * scale, scale[:, None] * tril)
    return prior.to(next(model.parameters())).eval()


def draw_codes(model: DataModel, data: Any, *, seed: int = 0) -> Tensor:
    """One draw of the posterior for each row.

    Args:
        model: A model with one group of latent variables over real vectors.
        data: `[N, *shape]` in the data's units.
        seed: Of the draws.

    Returns:
        `[N, D]`, float64, on the CPU.

    Raises:
        CompatibilityError: Several groups, or codes that are no real vectors.
        DataError: Fewer than two rows, or codes that are not finite.
    """
    require_real_codes(model)
    x = model.as_batch(data)
    blocks = []
    with torch.no_grad(), evaluating(model), seeded(seed, model.device):
        for block in x.split(BLOCK):
            evidence = model.vae.encoder(model.preparation(block))
            blocks.append(model.vae.latents.infer(evidence).z[0][0].cpu().double())
    if len(x) < 2:
        raise DataError(f"a density is fitted to the codes of at least two rows, and {len(x)} were given")
    codes = torch.cat(blocks)
    if not bool(codes.isfinite().all()):
        row = int((~codes.isfinite()).any(1).nonzero()[0])
        raise DataError(f"the code of row {row} (counted from 0) is not finite, so no density can be fitted")
    return codes


def require_real_codes(model: DataModel) -> LatentGroup:
    """Refuse models whose codes are no real vectors of one group.

    Args:
        model: Any model.

    Returns:
        Its group.

    Raises:
        CompatibilityError: Says what the codes are.
    """
    groups = model.vae.latents.groups
    if len(groups) != 1:
        names = ", ".join(group.name for group in groups)
        raise CompatibilityError(
            f"a density is fitted to the codes of a model with one group of latent variables, and this one has "
            f"{len(groups)} ({names}), the lower ones drawn given those above: sample it from its own prior"
        )
    (group,) = groups
    if not isinstance(group, LatentGroup) or group.domain != "real" or len(group.event_shape) != 1:
        where = PLACES[group.domain] if isinstance(group, LatentGroup) else "elsewhere"
        raise CompatibilityError(
            f"a Gaussian, a mixture or a flow is a density of real vectors, and the codes of this model live {where}: "
            "sample it from its own prior"
        )
    return group


def with_prior(model: DataModel, prior: nn.Module) -> DataModel:
    """The model with another prior: sampling, generation and bounds use it. The original stays as it is.

    Args:
        model: A model with one group of latent variables.
        prior: A conditional that need not look at what it is given, such as `fit_density` returns.

    Returns:
        A copy of the model around that prior, in evaluation mode.

    Raises:
        CompatibilityError: Several groups, codes that are no real vectors, or a prior that lives elsewhere.
        ConfigurationError: A prior of another number of dimensions.
    """
    require_real_codes(model)
    changed = copy.deepcopy(model)
    group = require_real_codes(changed)
    changed.vae.walk = TopDown([LatentGroup(group.name, prior, group.q, merge=group.merging)])
    return changed.eval()


def _gaussian(codes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    centred = codes - codes.mean(0)
    covariance = centred.T @ centred / len(codes) + RIDGE * torch.eye(codes.shape[1], dtype=codes.dtype)
    return codes.new_ones(1), codes.mean(0)[None], torch.linalg.cholesky(covariance)[None]


def _mixture(codes: Tensor, components: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    fitted = GaussianMixture(components, reg_covar=RIDGE, max_iter=200, random_state=seed % 2**32)
    with warnings.catch_warnings():
        # Rows that repeat make fewer clusters than components; the mixture is a density all the same.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted.fit(codes.numpy())
    covariances = torch.from_numpy(fitted.covariances_)
    return torch.from_numpy(fitted.weights_), torch.from_numpy(fitted.means_), torch.linalg.cholesky(covariances)

"""One evaluator for any model: bounds, importance estimate, reconstruction and the health of the code over a split."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from latentia.bounds import bits_per_dim
from latentia.conditionals import Need
from latentia.data.source import Source
from latentia.data_model import DataModel, evaluating, seeded
from latentia.distributions import additive_noise, factor_means
from latentia.errors import DataError
from latentia.evaluation.gaps import in_data_units, mean_error, observed_cells, squared_error
from latentia.evaluation.importance import RowEvidence, row_evidence
from latentia.evaluation.latent_health import active_units, standard_error
from latentia.evaluation.portions import portions


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a model is worth on a split; None where the model defines no such number.

    Log-likelihoods are in nats for each example, of the data in their own units: probabilities for binary data and
    levels, densities for real data (`units` says which).

    Attributes:
        elbo: Mean evidence lower bound (beta = 1).
        elbo_se: Its standard error over examples.
        reconstruction: Mean of E_q[log p(x|z)].
        kl: Mean KL(q(z|x) || p(z)).
        nll: Minus the mean importance-weighted bound with `num_samples` samples; at least -log p(x) in expectation.
        nll_se: Its standard error over examples.
        bits_per_dim: `nll` in bits for each dimension that was observed.
        active_units: Latent dimensions whose posterior mean varies (variance above 0.01).
        latent_dim: All latent dimensions.
        kl_per_dim: Mean KL of every latent dimension, in nats.
        mse: Mean squared error of the reconstruction from the posterior's mean over what was observed, in squared units
            of the data; of categories the share that is wrong.
        psnr: The same in decibels against the data's range; pictures only.
        sigma: Mean standard deviation of the noise of a likelihood on the real line, in the units it scores.
        saturation: Share of posterior log-scales at their bounds.
        num_samples: K of the importance estimate.
        num_examples: Rows.
        seed: Of the noise.
        units: What one nat is of.
    """

    elbo: float | None
    elbo_se: float | None
    reconstruction: float
    kl: float | None
    nll: float | None
    nll_se: float | None
    bits_per_dim: float | None
    active_units: int
    latent_dim: int
    kl_per_dim: tuple[float, ...] | None
    mse: float
    psnr: float | None
    sigma: float | None
    saturation: float | None
    num_samples: int
    num_examples: int
    seed: int
    units: str

    def to_dict(self) -> dict[str, Any]:
        """A plain dictionary, ready for JSON."""
        return asdict(self)


def evaluate(
    model: DataModel,
    source: Source,
    *,
    num_samples: int = 100,
    seed: int = 0,
    batch_size: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Evidence:
    """Evaluate a model on every row of a split.

    Args:
        model: Any trained model.
        source: The split.
        num_samples: K, importance samples for each row; memory does not grow with it.
        seed: Of all noise (binarisation and posterior samples).
        batch_size: Rows at a time; by default as many as keep about 4,000 decoded rows in memory, or fewer of large
            ones.
        progress: Called with (rows done, rows in all).

    Returns:
        The evidence.

    Raises:
        ConfigurationError: K or the batch size below one.
        DataError: No rows.
    """
    if len(source) == 0:
        raise DataError("there are no rows to evaluate: the split is empty")
    dense = Need.DENSITY in model.vae.provides
    samples = num_samples if dense else min(num_samples, 1)
    portion = portions(model, samples, batch_size)
    parts: list[RowEvidence] = []
    squared_errors: list[Tensor] = []
    sigmas: list[Tensor] = []
    done = cells = 0
    with torch.no_grad(), evaluating(model), seeded(seed, model.device):
        for batch in source.batches(portion.rows, seed=None):
            raw = batch.x.to(model.device)
            rows = row_evidence(model.vae, model.preparation(raw), samples, portion.samples, dense=dense)
            parts.append(in_data_units(rows, model, raw) if model.spec.missing > 0 else rows)
            cells += observed_cells(raw) if model.spec.missing > 0 else raw.numel()
            error, sigma = _reconstruction(model, raw)
            squared_errors.append(error)
            sigmas.append(sigma)
            done += len(batch.x)
            if progress is not None:
                progress(done, len(source))
    mse = mean_error(torch.cat(squared_errors))
    return _collect(model, RowEvidence.join(parts), cells, mse, torch.cat(sigmas), num_samples, seed)


def _reconstruction(model: DataModel, raw: Tensor) -> tuple[Tensor, Tensor]:
    """Squared error of each row, mean over observed dimensions, `[B]`; and the noise's sigma, `[B]` or empty."""
    px = model.vae.trace(model.preparation.expected(raw), pick=factor_means).px
    error = squared_error(model.spec, model.preparation.restore(px.mean[0]), raw)
    noise = additive_noise(px)
    sigma = error.new_empty(0) if noise is None else noise.stddev[0].flatten(1).mean(1)
    return error.cpu(), sigma.cpu()


def _collect(
    model: DataModel, rows: RowEvidence, cells: int, mse: float, sigmas: Tensor, num_samples: int, seed: int
) -> Evidence:
    spec = model.spec
    # With missing cells the change of variables differs from row to row, and has been added already.
    offset = 0.0 if spec.missing > 0 else model.preparation.log_scale
    dims = cells / len(rows.reconstruction)
    elbo = None if rows.kl is None else rows.reconstruction - rows.kl
    nll = None if rows.iwae is None else -(float(rows.iwae.mean()) + offset)
    span = spec.high - spec.low
    return Evidence(
        elbo=None if elbo is None else float(elbo.mean()) + offset,
        elbo_se=None if elbo is None else standard_error(elbo),
        reconstruction=float(rows.reconstruction.mean()) + offset,
        kl=None if rows.kl is None else float(rows.kl.mean()),
        nll=nll,
        nll_se=None if rows.iwae is None else standard_error(rows.iwae),
        bits_per_dim=None if nll is None else bits_per_dim(-nll, dims) if dims else None,
        active_units=active_units(rows.means, model.prior_spread()),
        latent_dim=model.latent_dim,
        kl_per_dim=None if rows.kl_per_dim is None else tuple(rows.kl_per_dim.mean(0).tolist()),
        mse=mse,
        psnr=10 * math.log10(span**2 / mse) if spec.kind == "image" and mse > 0 and span > 0 else None,
        sigma=float(sigmas.mean()) if len(sigmas) else None,
        saturation=rows.saturation,
        num_samples=num_samples if rows.iwae is not None else 1,
        num_examples=len(rows.reconstruction),
        seed=seed,
        units=_units(model),
    )


def _units(model: DataModel) -> str:
    if not model.preparation.scores_density:
        return "nats of probability"
    step = "grey level" if model.spec.support in ("levels", "binary") else "unit of the data"
    return f"nats of density, per {step}"

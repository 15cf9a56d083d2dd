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
from latentia.evaluation.blocks import blocks
from latentia.evaluation.gaps import in_data_units, mean_error, observed_cells, squared_error
from latentia.evaluation.importance import RowEvidence, row_evidence
from latentia.evaluation.latent_health import active_units, rms_error, standard_error
from latentia.evaluation.portions import portions
from latentia.evaluation.weights import heavy_share, log_mean_error, weights_verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a model is worth on a split; None where the model defines no such number.

    Log-likelihoods are in nats for each example, of the data in their own units: probabilities for binary data and
    levels, densities for real data (`units` says which).

    Attributes:
        elbo: Mean evidence lower bound (beta = 1).
        elbo_se: Its standard error over examples.
        reconstruction: Mean of E_q[log p(x|z)].
        reconstruction_se: Its standard error over examples.
        kl: Mean KL(q(z|x) || p(z)).
        kl_se: Its standard error over examples.
        nll: Minus the mean importance-weighted bound with `num_samples` samples; at least -log p(x) in expectation.
        nll_se: Its standard error over examples.
        nll_mc_se: The part of it that K brings in: what another seed would change (too small where k-hat is high).
        bits_per_dim: `nll` in bits for each dimension that was observed.
        bits_per_dim_se: Its standard error over examples.
        k_hat_high: Share of the rows whose importance weights have too heavy a tail (Pareto k-hat above 0.7), among
            those that can be judged; None where K is 20 or less.
        k_hat_verdict: Whether the importance estimate can be trusted, in words.
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
        dequantisation: What was done to whole levels before they were scored, and so what `bits_per_dim` is of.
    """

    elbo: float | None
    elbo_se: float | None
    reconstruction: float
    reconstruction_se: float | None = None
    kl: float | None
    kl_se: float | None = None
    nll: float | None
    nll_se: float | None
    nll_mc_se: float | None = None
    bits_per_dim: float | None
    bits_per_dim_se: float | None = None
    k_hat_high: float | None = None
    k_hat_verdict: str | None = None
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
    dequantisation: str | None = None

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
        batch_size: Rows decoded at a time, at most; by default as many as keep about 2,000 decoded rows in memory, or
            fewer of large ones. The noise does not depend on it.
        progress: Called with (rows done, rows in all).

    Returns:
        The evidence.

    Raises:
        ConfigurationError: K or the batch size below one.
        DataError: No rows.
    """
    dense = Need.DENSITY in model.vae.provides
    samples = num_samples if dense else min(num_samples, 1)
    portion = portions(model, samples, batch_size)
    parts: list[RowEvidence] = []
    squared_errors: list[Tensor] = []
    sigmas: list[Tensor] = []
    done = cells = 0
    with torch.no_grad(), evaluating(model), seeded(seed, model.device):
        for block in blocks(model, source, portion.rows, seed=seed):
            rows = row_evidence(model.vae, block.x, samples, portion.samples, dense=dense, decoded=portion.decoded)
            parts.append(in_data_units(rows, block.offset))
            cells += observed_cells(block.raw) if model.spec.missing > 0 else block.raw.numel()
            error, sigma = _reconstruction(model, block.raw)
            squared_errors.append(error)
            sigmas.append(sigma)
            done += len(block.x)
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
    dims = cells / len(rows.reconstruction)
    elbo = None if rows.kl is None else rows.reconstruction - rows.kl
    nll = None if rows.iwae is None else -float(rows.iwae.mean())
    nll_se = None if rows.iwae is None else standard_error(rows.iwae)
    heavy = None if rows.k_hat is None else heavy_share(rows.k_hat)
    span = spec.high - spec.low
    return Evidence(
        elbo=None if elbo is None else float(elbo.mean()),
        elbo_se=None if elbo is None else standard_error(elbo),
        reconstruction=float(rows.reconstruction.mean()),
        reconstruction_se=standard_error(rows.reconstruction),
        kl=None if rows.kl is None else float(rows.kl.mean()),
        kl_se=None if rows.kl is None else standard_error(rows.kl),
        nll=nll,
        nll_se=nll_se,
        nll_mc_se=None if rows.ess is None else rms_error(log_mean_error(rows.ess, num_samples)),
        bits_per_dim=None if nll is None else bits_per_dim(-nll, dims) if dims else None,
        bits_per_dim_se=None if nll_se is None or not dims else bits_per_dim(-nll_se, dims),
        k_hat_high=heavy,
        k_hat_verdict=None if rows.k_hat is None else weights_verdict(heavy),
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
        units=units_of(model),
        dequantisation=dequantisation(model),
    )


def units_of(model: DataModel) -> str:
    """What one nat of a model's log-likelihood is of.

    Args:
        model: Any.

    Returns:
        A phrase.
    """
    if not model.preparation.scores_density:
        return "nats of probability"
    step = "grey level" if model.spec.support in ("levels", "binary") else "unit of the data"
    return f"nats of density, per {step}"


def dequantisation(model: DataModel) -> str:
    """What was done to the data before they were scored: without it, bits per dimension mean nothing.

    Args:
        model: Any.

    Returns:
        A phrase.
    """
    if model.preparation.binarises:
        return "grey levels drawn as black and white anew (dynamic binarisation)"
    if model.spec.support in ("levels", "binary", "counts"):
        if model.preparation.scores_density:
            return "none: a density at whole numbers, which is no code length and compares with densities alone"
        return "none needed: probabilities of the whole numbers themselves"
    return "none needed: the data are real numbers"

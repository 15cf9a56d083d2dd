"""Missing cells filled in from what was observed in the row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution

from latentia.conditionals import Need
from latentia.data_model import DataModel, evaluating, seeded
from latentia.distributions.table import Table
from latentia.errors import CompatibilityError, ConfigurationError
from latentia.latents import Trace

_DECODED, _CHUNK = 4096, 512
"""Decoded rows in memory at a time, and posterior samples of a row among them."""


@dataclass(frozen=True, slots=True)
class Imputation:
    """Rows without gaps, and how far what fills them can be trusted.

    Attributes:
        rows: `[N, *shape]` in the data's units; observed cells are as they were given.
        uncertainty: `[N, *shape]`: of a missing number its standard deviation given what was observed, in the data's
            units; of a missing code the entropy of its category, in nats; 0 where the cell was observed.
        effective_samples: `[N]`, the effective number of the posterior samples after weighting (all of them for a
            complete row): where it is small, so is the ground on which the row was filled.
    """

    rows: Tensor
    uncertainty: Tensor
    effective_samples: Tensor


def impute(model: DataModel, data: Any, *, num_samples: int = 1000, seed: int = 0) -> Imputation:
    r"""Fill missing cells with their expectation given the observed ones, by self-normalised importance sampling.

    \(E[x_{mis} | x_{obs}] \approx \sum_k w_k E[x_{mis} | z_k] / \sum_k w_k\) with \(z_k \sim q(z|x_{obs})\) and
    \(w_k = p(x_{obs}, z_k) / q(z_k | x_{obs})\): consistent in K whatever the posterior. A number gets its mean,
    rounded where the data are whole numbers; a code, whose mean says nothing, its most probable category.

    Args:
        model: A model that was trained on data with missing cells.
        data: `[N, *shape]` in the data's units; NaN where a cell is missing.
        num_samples: K, posterior samples for each row; memory does not grow with it.
        seed: Of the samples.

    Returns:
        The filled rows, on the CPU, and their uncertainty.

    Raises:
        CompatibilityError: The model was trained on complete rows, or its posterior has no density to weigh by.
        ConfigurationError: K below one.
        DataError: Values that the training data could not have.

    References:
        Mattei, Frellsen, MIWAE: Deep generative modelling and imputation of incomplete data sets, 2019,
        arXiv:1812.02633.
    """
    if num_samples < 1:
        raise ConfigurationError(f"num_samples is {num_samples}; imputation needs at least 1")
    if model.spec.missing == 0:
        raise CompatibilityError(
            "the model was trained on complete rows, and cannot do without a value; train it on data with missing ones "
            "(missing=True, --missing)"
        )
    if Need.DENSITY not in model.vae.provides:
        raise CompatibilityError(
            "imputation weighs codes by their densities, and this model has none (an autoencoder); reconstruct the "
            "rows, or train a recipe with a prior, such as vae"
        )
    raw = model.preparation.check(model.as_batch(data))
    gaps = raw.isnan()
    filled, uncertainty = raw.clone(), torch.zeros_like(raw)
    effective = torch.full((len(raw),), float(num_samples), dtype=torch.float64)
    chunk = min(num_samples, _CHUNK)
    with torch.no_grad(), evaluating(model), seeded(seed, model.device):
        for rows in gaps.flatten(1).any(1).nonzero().flatten().split(max(1, _DECODED // chunk)):
            found = _weighted(model, model.preparation(raw[rows]), num_samples, chunk)
            value, spread = _in_data_units(model, found)
            filled[rows] = torch.where(gaps[rows], value.to(raw.dtype), raw[rows])
            uncertainty[rows] = torch.where(gaps[rows], spread.to(raw.dtype), 0.0)
            effective[rows.cpu()] = (2 * found.log_total - found.log_squares).exp().cpu()
    return Imputation(filled.cpu(), uncertainty.cpu(), effective)


@dataclass(slots=True)
class _Averages:
    """Weighted averages over the samples so far: of means, of second moments, of probabilities of codes."""

    log_total: Tensor
    log_squares: Tensor
    values: list[Tensor]
    table: Table | None = None


def _weighted(model: DataModel, x: Tensor, num_samples: int, chunk: int) -> _Averages:
    """Averages over K samples for each of the rows x, a chunk of samples at a time."""
    evidence = model.vae.encoder(x)
    averages: _Averages | None = None
    for start in range(0, num_samples, chunk):
        trace = model.vae.trace(x, num_samples=min(chunk, num_samples - start), evidence=evidence)
        averages = _joined(averages, _of_trace(trace))
    assert averages is not None, "at least one sample"
    return averages


def _of_trace(trace: Trace) -> _Averages:
    log_w = _wide(trace.log_w)
    share = log_w.softmax(0)
    table = trace.px if isinstance(trace.px, Table) else None
    values = [(_beside(share, each) * _wide(each)).sum(0) for each in _moments(trace.px)]
    return _Averages(log_w.logsumexp(0), (2 * log_w).logsumexp(0), values, table)


def _wide(x: Tensor) -> Tensor:
    return x if x.device.type == "mps" else x.double()  # which mps lacks


def _beside(weights: Tensor, values: Tensor) -> Tensor:
    """Weights with trailing dimensions added until they broadcast to values."""
    return weights.reshape(weights.shape + (1,) * (values.dim() - weights.dim()))


def _moments(px: Distribution) -> list[Tensor]:
    """What is averaged: first and second moments of numbers, probabilities of codes, each `[K, B, ...]`."""
    if not isinstance(px, Table):
        return [px.mean, _second(px)]
    parts = []
    for block in px.blocks:
        parts += [block.base.probs] if block.coded else [block.base.mean, _second(block.base)]  # type: ignore[attr-defined] # a coded block is a Categorical
    return parts


def _second(px: Distribution) -> Tensor:
    try:
        return px.variance + px.mean.square()
    except NotImplementedError:  # then from a draw for each sample of z
        return px.sample().square()


def _joined(old: _Averages | None, new: _Averages) -> _Averages:
    if old is None:
        return new
    total = torch.logaddexp(old.log_total, new.log_total)
    a, b = (old.log_total - total).exp(), (new.log_total - total).exp()
    values = [_beside(a, x) * x + _beside(b, y) * y for x, y in zip(old.values, new.values, strict=True)]
    return _Averages(total, torch.logaddexp(old.log_squares, new.log_squares), values, new.table)


def _in_data_units(model: DataModel, found: _Averages) -> tuple[Tensor, Tensor]:
    """What to fill in, and how uncertain it is, `[B, *shape]` each."""
    if found.table is None:
        value, spread = _restored(model, found.values[0], _deviation(*found.values))
        return _of_the_kind(model, value), spread
    values, parts = iter(found.values), []
    for block in found.table.blocks:
        if block.coded:
            probs = next(values)
            parts.append((probs.argmax(-1).to(probs.dtype), torch.special.entr(probs).sum(-1)))
        else:
            mean = next(values)
            parts.append((mean, _deviation(mean, next(values))))
    order = torch.cat([block.index for block in found.table.blocks]).argsort()
    mean, deviation = (torch.cat(each, -1)[..., order] for each in zip(*parts, strict=True))
    value, spread = _restored(model, mean, deviation)
    return _of_the_kind(model, value), spread


def _deviation(first: Tensor, second: Tensor) -> Tensor:
    return (second - first.square()).clamp_min(0).sqrt()


def _restored(model: DataModel, mean: Tensor, deviation: Tensor) -> tuple[Tensor, Tensor]:
    return model.preparation.restore(mean), model.preparation.restore_spread(deviation)


def _of_the_kind(model: DataModel, value: Tensor) -> Tensor:
    """The nearest value that the data could have: whole numbers, within their range."""
    spec = model.spec
    if spec.columns is not None:
        whole = torch.tensor([each.kind in ("binary", "count") for each in spec.columns], device=value.device)
        return torch.where(whole, value.round(), value)
    match spec.support:
        case "binary":
            return (value / spec.unit).round().clamp(0, 1) * spec.unit
        case "levels":
            return value.round().clamp(0, spec.unit)
        case "counts":
            return value.round().clamp_min(0)
        case "unit":
            return value.clamp(0, 1)
        case _:
            return value

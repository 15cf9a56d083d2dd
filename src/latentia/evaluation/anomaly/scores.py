"""How strange a model finds each row: five scores from one walk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from latentia.conditionals import Need
from latentia.data.source import Source
from latentia.data_model import DataModel, evaluating, seeded
from latentia.distributions import factor_means
from latentia.errors import DataError
from latentia.evaluation.anomaly.latent_distance import aggregate_moments, mahalanobis
from latentia.evaluation.gaps import squared_error
from latentia.evaluation.importance import row_evidence
from latentia.evaluation.latent_health import posterior_means
from latentia.evaluation.portions import portions

NAMES = ("negative_iwae", "negative_elbo", "reconstruction", "latent_distance", "typicality")
"""All scores; a model without densities has the third and the fourth."""


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What the training rows are like, for a model.

    Attributes:
        mean: Of the aggregate posterior, `[L]`.
        covariance: Of the aggregate posterior, `[L, L]`.
        log_likelihood: Mean importance-weighted bound of the training rows, in nats; None without densities.
    """

    mean: Tensor
    covariance: Tensor
    log_likelihood: float | None


def yardstick(model: DataModel, train: Source, *, num_samples: int = 100, seed: int = 0) -> Yardstick:
    """Look at the training rows once: what typicality and the latent distance are measured from.

    Args:
        model: The model.
        train: Rows that are normal.
        num_samples: K of the bound, the same as of the rows that are scored.
        seed: Of all noise.

    Returns:
        The yardstick.

    Raises:
        DataError: No rows.
    """
    if len(train) == 0:
        raise DataError("there are no training rows to compare with; give the rows that the model was trained on")
    mean, covariance = aggregate_moments(model, train, seed=seed)
    if Need.DENSITY not in model.vae.provides:
        return Yardstick(mean, covariance, None)
    bound = _walk(model, train, num_samples, seed)["negative_iwae"]
    return Yardstick(mean, covariance, -float(bound.mean()))


def anomaly_scores(
    model: DataModel, source: Source, normal: Yardstick, *, num_samples: int = 100, seed: int = 0
) -> Mapping[str, Tensor]:
    r"""Score every row; the higher the stranger.

    `negative_iwae` is \(-\log \frac1K \sum_k w_k\) and `negative_elbo` the negative ELBO, in nats of the data in
    their own units; `reconstruction` is the squared error of the reconstruction from the posterior's mean, the mean
    over observed columns, each in units of its standard deviation over the training rows (a wrong category counts 1);
    `latent_distance` is the Mahalanobis distance of the posterior's mean in the aggregate posterior of the training
    rows; `typicality` is \(|\log \hat p(x) - \overline{\log \hat p}|\), the distance of the bound from its mean over
    the training rows.

    Args:
        model: Any model.
        source: The rows.
        normal: What the training rows are like.
        num_samples: K.
        seed: Of all noise.

    Returns:
        Name to `[N]` float64 on the CPU; those that the model defines.

    Raises:
        DataError: No rows.

    References:
        Nalisnick, Matsukawa, Teh, Lakshminarayanan, Detecting out-of-distribution inputs to deep generative models
        using typicality, 2019, arXiv:1906.02994. An, Cho, Variational autoencoder based anomaly detection using
        reconstruction probability, 2015.
    """
    if len(source) == 0:
        raise DataError("there are no rows to score; give at least one")
    found = _walk(model, source, num_samples, seed)
    found["latent_distance"] = mahalanobis(found.pop("codes"), normal.mean, normal.covariance)
    if normal.log_likelihood is not None:
        found["typicality"] = (found["negative_iwae"] + normal.log_likelihood).abs()
    return {name: found[name] for name in NAMES if name in found}


def _walk(model: DataModel, source: Source, num_samples: int, seed: int) -> dict[str, Tensor]:
    dense = Need.DENSITY in model.vae.provides
    samples = num_samples if dense else 1
    portion = portions(model, samples)
    parts: list[dict[str, Tensor]] = []
    with torch.no_grad(), evaluating(model), seeded(seed, model.device):
        for batch in source.batches(portion.rows, seed=None):
            raw = batch.x.to(model.device)
            part: dict[str, Tensor] = {}
            if dense:
                rows = row_evidence(model.vae, model.preparation(raw), samples, portion.samples, dense=True)
                assert rows.iwae is not None, "the model has densities"
                assert rows.kl is not None, "the model has densities"
                offset = model.preparation.log_scale_of(raw).double().cpu()
                part["negative_iwae"] = -(rows.iwae + offset)
                part["negative_elbo"] = rows.kl - rows.reconstruction - offset
            trace = model.vae.trace(model.preparation.expected(raw), pick=factor_means)
            part["codes"] = posterior_means(trace).double().cpu()
            part["reconstruction"] = _error(model, raw, model.preparation.restore(trace.px.mean[0]))
            parts.append(part)
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def _error(model: DataModel, raw: Tensor, back: Tensor) -> Tensor:
    """Squared error of each row in units of the columns' own spread, `[B]`; 0 where nothing was observed."""
    spec = model.spec
    coded = [column.coded for column in spec.columns] if spec.columns is not None else [False] * spec.shape[0]
    unit = [1.0 if code else std or 1.0 for code, std in zip(coded, spec.std, strict=True)]
    scale = torch.tensor(unit, dtype=back.dtype, device=back.device).view(-1, *[1] * (len(spec.shape) - 1))
    return squared_error(spec, back / scale, raw / scale).nan_to_num(0.0).cpu()

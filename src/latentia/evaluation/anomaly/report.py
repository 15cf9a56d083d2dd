"""Which anomaly score to use here: all of them against labels, side by side with what needs no VAE."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import torch

from latentia.data.source import Source
from latentia.data_model import DataModel
from latentia.errors import DataError
from latentia.evaluation.anomaly.baselines import baseline_scores
from latentia.evaluation.anomaly.ranking import Array, Flags, auroc, average_precision, check, precision_error
from latentia.evaluation.anomaly.scores import anomaly_scores, yardstick
from latentia.evaluation.anomaly.verdict import verdict
from latentia.evaluation.plain_features import plain_features, some_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreQuality:
    """How well one score ranks anomalies above normal rows.

    Attributes:
        name: Of the score.
        kind: Whether it is the model's or a baseline's.
        auroc: Area under the ROC curve; 0.5 is chance.
        auroc_se: DeLong's standard error; None where a class has one row alone.
        average_precision: Its chance level is the share of anomalies.
        average_precision_se: By a bootstrap within each class.
    """

    name: str
    kind: Literal["model", "baseline"]
    auroc: float
    auroc_se: float | None
    average_precision: float
    average_precision_se: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AnomalyReport:
    """All scores against the labels.

    Attributes:
        scores: Of the model, then of the baselines.
        best: Name of the model's score with the largest area.
        baseline: Name of the best baseline.
        advantage: Area of `best` minus that of `baseline`.
        advantage_se: DeLong's standard error of this difference, on the same rows; None as above.
        verdict: Which score to use here, in words.
        num_examples: Rows scored.
        num_anomalies: Those labelled anomalous.
        fit_examples: Normal rows that the yardsticks and the baselines saw.
        components: Of PCA.
        num_samples: K of the bounds.
        seed: Of all noise.
    """

    scores: tuple[ScoreQuality, ...]
    best: str
    baseline: str
    advantage: float
    advantage_se: float | None
    verdict: str
    num_examples: int
    num_anomalies: int
    fit_examples: int
    components: int
    num_samples: int
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """A plain dictionary, ready for JSON."""
        return asdict(self)


def measure(
    model: DataModel,
    train: Source,
    source: Source,
    labels: Any,
    *,
    seed: int = 0,
    num_samples: int = 100,
    fit_rows: int = 5000,
) -> AnomalyReport:
    """Measure how well a model's scores find labelled anomalies.

    Args:
        model: Any model; one without densities has two of the five scores.
        train: Normal rows, those that the model was trained on.
        source: The N rows to be judged, in the data's units.
        labels: `[N]`, anything but 0 (or False) marks an anomaly.
        seed: Of all noise.
        num_samples: K of the bounds.
        fit_rows: Training rows that are looked at, at most.

    Returns:
        The report.

    Raises:
        DataError: No rows, labels that do not fit them, or only one class.
    """
    anomalous = as_flags(labels, len(source))
    normal = some_rows(train, fit_rows, seed=seed)
    rows = some_rows(source, len(source), seed=seed)
    own = anomaly_scores(
        model, rows, yardstick(model, normal, num_samples=num_samples, seed=seed), num_samples=num_samples, seed=seed
    )
    fitted, judged = plain_features(model.spec, normal.x), plain_features(model.spec, rows.x)
    components = max(1, min(model.latent_dim, fitted.shape[1] - 1, len(fitted)))
    others = baseline_scores(fitted, judged, components=components, seed=seed)
    numbers = {
        "num_examples": len(rows),
        "num_anomalies": int(anomalous.sum()),
        "fit_examples": len(normal),
        "components": components,
        "num_samples": num_samples,
        "seed": seed,
    }
    return _report({name: each.numpy() for name, each in own.items()}, others, anomalous, numbers)


def _report(
    own: Mapping[str, Array], others: Mapping[str, Array], anomalous: Flags, numbers: Mapping[str, int]
) -> AnomalyReport:
    names = [*own, *others]
    scores = np.stack([*own.values(), *others.values()]).astype(np.float64)
    areas, covariance = auroc(scores, anomalous)
    errors = precision_error(scores, anomalous, seed=numbers["seed"])
    found = tuple(
        ScoreQuality(
            name=name,
            kind="model" if name in own else "baseline",
            auroc=float(areas[i]),
            auroc_se=_root(covariance[i, i]),
            average_precision=float(average_precision(scores[i], anomalous)[0]),
            average_precision_se=float(errors[i]),
        )
        for i, name in enumerate(names)
    )
    best = int(areas[: len(own)].argmax())
    rival = len(own) + int(areas[len(own) :].argmax())
    spread = covariance[best, best] + covariance[rival, rival] - 2 * covariance[best, rival]
    advantage, error = float(areas[best] - areas[rival]), _root(spread)
    plain = {each.name: (each.auroc, each.auroc_se) for each in found}
    return AnomalyReport(
        scores=found,
        best=names[best],
        baseline=names[rival],
        advantage=advantage,
        advantage_se=error,
        verdict=verdict(plain, names[best], names[rival], advantage, error),
        **numbers,
    )


def _root(variance: float) -> float | None:
    return None if np.isnan(variance) else float(np.sqrt(max(variance, 0.0)))


def as_flags(labels: Any, rows: int) -> Flags:
    """Labels as truth values.

    Args:
        labels: Array or tensor of numbers or truth values, `[N]`; 0 is a normal row.
        rows: N.

    Returns:
        `[N]`.

    Raises:
        DataError: Another shape, text, or only one class.
    """
    given = np.asarray(labels.cpu() if isinstance(labels, torch.Tensor) else labels)
    if given.ndim != 1 or given.dtype.kind not in "biuf" or (given.dtype.kind == "f" and np.isnan(given).any()):
        raise DataError(
            f"the labels have shape {given.shape} and type {given.dtype}; give one number a row, 0 for a normal one"
        )
    anomalous: Flags = given != 0
    check(np.zeros((1, rows)), anomalous)
    return anomalous

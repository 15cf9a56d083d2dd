"""Is the representation good for anything? Labels predicted from codes, from PCA and from the rows themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor

from latentia.data.labels import flat_labels
from latentia.data.source import Resident
from latentia.data_model import DataModel
from latentia.errors import ConfigurationError, DataError
from latentia.evaluation.plain_features import Array, plain_features, principal_components, some_rows
from latentia.evaluation.predictors import Predictor, Task, mean_and_error, scored_rows

Representation = Literal["codes", "pca", "inputs"]

_CLEAR = 2.0
"""Standard errors beyond which a difference is taken for one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One predictor on one representation.

    Attributes:
        predictor: `linear` (logistic regression, or ridge regression of numbers) or `neighbours` (k nearest).
        representation: `codes` (posterior means), `pca` (as many principal components) or `inputs`.
        size: Numbers in a representation.
        score: Share of test rows whose class is right, or R² of numbers.
        se: Standard error over test rows.
    """

    predictor: Predictor
    representation: Representation
    size: int
    score: float
    se: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeReport:
    """All predictors on all representations, and how the codes differ from the others on the same test rows.

    Attributes:
        probes: One for each representation and predictor.
        over_pca: Predictor to score of the codes minus that of PCA, and the standard error of the difference.
        over_inputs: The same against the inputs.
        task: Whether labels are classes or numbers.
        chance: Score without any representation: share of the most frequent class of the training rows, or 0.
        num_train: Rows that the predictors were fitted to.
        num_test: Rows that they were scored on.
        neighbours: k.
        seed: Of the choice of training rows.
        verdict: In words.
    """

    probes: tuple[Probe, ...]
    over_pca: Mapping[str, tuple[float, float]]
    over_inputs: Mapping[str, tuple[float, float]]
    task: Task
    chance: float
    num_train: int
    num_test: int
    neighbours: int
    seed: int
    verdict: str

    def to_dict(self) -> dict[str, Any]:
        """A plain dictionary, ready for JSON."""
        return asdict(self)


def probe(
    model: DataModel,
    train: Resident,
    test: Resident,
    *,
    train_labels: Any = None,
    test_labels: Any = None,
    seed: int = 0,
    neighbours: int = 10,
    train_rows: int = 10_000,
) -> ProbeReport:
    """Predict labels from posterior means, from PCA of equal size and from the inputs, by the same two predictors.

    Everything, PCA included, is fitted to training rows and scored on test rows. Each representation is centred and
    divided by one number, so that regularisation means the same for all and distances keep their proportions.

    Args:
        model: Any model.
        train: Rows to fit to.
        test: Rows to score on, at least two.
        train_labels: `[N]`: whole numbers, truth values or text are classes, numbers with a fractional part numbers;
            by default those of `train`.
        test_labels: `[M]`, likewise.
        seed: Of the choice of training rows, where there are more than are used.
        neighbours: k of the nearest neighbours.
        train_rows: Training rows to use at most.

    Returns:
        The report.

    Raises:
        DataError: No labels, labels that do not fit the rows, or all of them equal.
        ConfigurationError: `neighbours` below 1 or above the number of training rows.

    References:
        Alain, Bengio, Understanding intermediate layers using linear classifier probes, 2016, arXiv:1610.01644.
    """
    y, truth = _labels(train, train_labels, "train"), _labels(test, test_labels, "test")
    task: Task = "numbers" if "f" in (y.dtype.kind, truth.dtype.kind) else "classes"
    if len(truth) < 2 or any(len(np.unique(each)) < 2 for each in ([y] if task == "classes" else [y, truth])):
        raise DataError("a probe needs training rows with different labels, and at least two test rows")
    index = some_rows(Resident(torch.arange(len(train))[:, None]), train_rows, seed=seed).x[:, 0]
    x, y = train.x[index.to(train.device)], y[index.numpy()]
    if not 1 <= neighbours <= len(x):
        raise ConfigurationError(f"neighbours is {neighbours}; give 1 to {len(x)}, the number of training rows")
    probes: list[Probe] = []
    rows: dict[tuple[Representation, Predictor], Array] = {}
    for name, (fitted, scored) in representations(model, x, test.x).items():
        for predictor in get_args(Predictor):
            each = scored_rows(predictor, task, fitted, y, scored, truth, neighbours)
            score, error = mean_and_error(each)
            rows[name, predictor] = each
            size = fitted.shape[1]
            probes.append(Probe(predictor=predictor, representation=name, size=size, score=score, se=error))
    over_pca, over_inputs = (
        {each: mean_and_error(rows["codes", each] - rows[other, each]) for each in get_args(Predictor)}
        for other in ("pca", "inputs")
    )
    return ProbeReport(
        probes=tuple(probes),
        over_pca=over_pca,
        over_inputs=over_inputs,
        task=task,
        chance=_chance(y, truth) if task == "classes" else 0.0,
        num_train=len(x),
        num_test=len(truth),
        neighbours=neighbours,
        seed=seed,
        verdict=verdict(probes, over_pca, over_inputs, task),
    )


def representations(model: DataModel, train: Tensor, test: Tensor) -> dict[Representation, tuple[Array, Array]]:
    """Training and test rows as codes, as principal components of equal number, and as they are.

    Args:
        model: The model.
        train: `[N, *shape]` in the data's units.
        test: `[M, *shape]`.

    Returns:
        Name to `[N, F]` and `[M, F]`, both centred by the mean of the training rows and divided by the root of their
        mean variance.
    """
    inputs = plain_features(model.spec, train), plain_features(model.spec, test)
    mean, directions = principal_components(inputs[0], model.latent_dim)
    pca = (inputs[0] - mean) @ directions.T, (inputs[1] - mean) @ directions.T
    codes = model.encode(train).double().numpy(), model.encode(test).double().numpy()
    return {"codes": _scaled(*codes), "pca": _scaled(*pca), "inputs": _scaled(*inputs)}


def _scaled(train: Array, test: Array) -> tuple[Array, Array]:
    mean = train.mean(0)
    spread = float(np.sqrt(train.var(0).mean())) or 1.0
    return (train - mean) / spread, (test - mean) / spread


def _labels(source: Resident, given: Any, split: str) -> Array:
    if given is None and source.labels is None:
        raise DataError(f"the {split} rows have no labels, and a probe predicts them; give {split}_labels")
    given = source.labels if given is None else given
    plain = np.asarray(given.cpu() if isinstance(given, Tensor) else given)
    fractional = plain.dtype.kind == "f" and plain.ndim == 1 and bool((plain != np.floor(plain)).any())
    if fractional and not np.isfinite(plain).all():
        raise DataError(f"the {split} labels are not all finite; leave those rows out")
    labels = plain.astype(np.float64) if fractional else flat_labels(plain, split)
    if len(labels) != len(source):
        raise DataError(f"{len(labels)} {split} labels for {len(source)} rows; give one label a row")
    return labels


def _chance(y: Array, truth: Array) -> float:
    classes, counts = np.unique(y, return_counts=True)
    return float((truth == classes[counts.argmax()]).mean())


def verdict(
    probes: list[Probe],
    over_pca: Mapping[str, tuple[float, float]],
    over_inputs: Mapping[str, tuple[float, float]],
    task: Task,
) -> str:
    """Say what the codes are good for.

    Args:
        probes: All of them.
        over_pca: Codes minus PCA for each predictor, with standard errors.
        over_inputs: Codes minus inputs.
        task: Classes or numbers.

    Returns:
        A few sentences.
    """
    said = []
    measure = "accuracy" if task == "classes" else "R²"
    words = {"linear": "A linear probe", "neighbours": "The nearest neighbours"}
    for each in probes:
        if each.representation == "codes":
            said.append(
                f"{words[each.predictor]} of the codes: {measure} {each.score:.3f} ± {each.se:.3f}, "
                f"{_against(over_pca[each.predictor], 'PCA of equal size')} and "
                f"{_against(over_inputs[each.predictor], 'the inputs')}."
            )
    if all(gain <= _CLEAR * error for gain, error in over_pca.values()):
        said.append("For these labels the codes are no better than principal components, which cost nothing.")
    return " ".join(said)


def _against(difference: tuple[float, float], other: str) -> str:
    gain, error = difference
    if abs(gain) <= _CLEAR * error or gain == 0:
        return f"level with {other} ({gain:+.3f} ± {error:.3f})"
    return f"{'better' if gain > 0 else 'worse'} than {other} by {abs(gain):.3f} ± {error:.3f}"

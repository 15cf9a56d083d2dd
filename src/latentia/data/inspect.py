"""What would be read from a source, before anything is trained on it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from latentia.data.assemble import arrange, assemble
from latentia.data.holes import blocks, count_holes
from latentia.data.likelihood_choice import choose_likelihood
from latentia.data.load import with_options
from latentia.data.open_source import open_source
from latentia.errors import DataError

if TYPE_CHECKING:
    from latentia.data.load import DataSource, HeldOut
    from latentia.data.spec import DataSpec
    from latentia.data.tables import Columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What a source holds.

    Args:
        source: The input as it was given.
        what: Which reader took it, in words.
        name: Short name of the data set.
        kind: `image` or `vector`.
        shape: Shape of one row.
        stored_dtype: Type of the numbers in the source.
        dtype: Type in which they would be kept; None if there are holes.
        support: `binary`, `levels`, `unit`, `real`, `counts` or `mixed`; None if there are holes.
        levels: Number of levels, where the data have levels.
        low: Smallest finite value of all splits.
        high: Largest finite value of all splits.
        holes: Values that are NaN or infinite.
        missing: Share of missing values; None if the data would be refused.
        problem: Why the data would be refused, or None.
        given: Rows of each split that the source brings along.
        counts: Rows of each split after holding out; None if the data would be refused.
        num_dims: Numbers in one row.
        constant: Columns or channels that count as constant; None if the data would be refused.
        columns: Name, kind and number of categories of each column of a mixed table, else None.
        classes: Each class and its number of rows over all splits, or None.
        likelihood: The likelihood that would be chosen; None if the data would be refused.
        reason: Why that one.
        digest: SHA-256 of the data; None if they would be refused.
        notes: What was noticed.
        skipped: Files that cannot be read, each with the reason.
    """

    source: str
    what: str
    name: str
    kind: str
    shape: tuple[int, ...]
    stored_dtype: str
    dtype: str | None
    support: str | None
    levels: int | None
    low: float | None
    high: float | None
    holes: int
    missing: float | None
    problem: str | None
    given: dict[str, int]
    counts: dict[str, int] | None
    num_dims: int
    constant: int | None
    columns: tuple[dict[str, Any], ...] | None
    classes: dict[str, int] | None
    likelihood: str | None
    reason: str | None
    digest: str | None
    notes: tuple[str, ...]
    skipped: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain JSON values."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    def to_json(self) -> str:
        """All of it as JSON text."""
        return json.dumps(self.to_dict(), allow_nan=False)


def inspect(
    source: DataSource,
    *,
    labels: Any = None,
    validation: HeldOut | None = None,
    test: HeldOut | None = None,
    seed: int = 0,
    resize: int | None = None,
    columns: Columns | None = None,
    missing: bool = False,
    workers: int | None = None,
) -> Inspection:
    """Read a source and say what it holds; holes and too few rows are reported, not raised.

    Args:
        source: As in `load_data`, and so are the others.
        labels: Of the rows of an array.
        validation: Fraction or rows.
        test: Fraction or rows.
        seed: Decides which rows are held out.
        resize: Side to which pictures are cropped and reduced.
        columns: What each column is.
        missing: Whether NaN is a missing value.
        workers: Threads that decode images.

    Returns:
        What was found.

    Raises:
        DataError: The source cannot be read at all.
        ConfigurationError: Options that cannot work together.

    >>> found = inspect("digits")
    >>> found.likelihood, found.reason
    ('discretized_logistic', 'every value is a whole number from 0 to 16 (17 levels)')
    """
    reading, fractions = with_options(
        open_source(source, resize=resize, workers=workers),
        labels,
        {"validation": validation, "test": test},
        columns=columns,
        missing=missing,
    )
    rows = arrange(reading, resize)
    first = rows.parts["train"]
    dataset, problem = None, None
    try:
        dataset = assemble(reading, fractions, seed=seed, resize=resize)
    except DataError as error:
        problem = str(error)
    spec = dataset.spec if dataset else None
    choice = spec and choose_likelihood(spec)
    low, high = _finite_range(rows.parts.values())
    classes = None
    if dataset and spec and spec.classes is not None:
        codes = [s.labels.numpy() for s in (dataset.train, dataset.validation, dataset.test) if s.labels is not None]
        totals = np.bincount(np.concatenate(codes), minlength=len(spec.classes))
        classes = dict(zip(spec.classes, totals.tolist(), strict=True))
    return Inspection(
        source=reading.source,
        what=reading.what,
        name=reading.name,
        kind=rows.kind,
        shape=first.shape[1:],
        stored_dtype=reading.parts["train"].x.dtype.name,
        dtype=spec.dtype if spec else None,
        support=spec.support if spec else None,
        levels=spec.levels if spec else None,
        low=low,
        high=high,
        holes=sum(map(count_holes, rows.parts.values())),
        missing=spec.missing if spec else None,
        problem=problem,
        given={split: len(x) for split, x in rows.parts.items()},
        counts=dict(spec.counts) if spec else None,
        num_dims=int(np.prod(first.shape[1:])),
        constant=spec.num_constant if spec else None,
        columns=_columns(spec),
        classes=classes,
        likelihood=choice.name if choice else None,
        reason=choice.reason if choice else None,
        digest=spec.digest if spec else None,
        notes=dataset.notes if dataset else rows.notes,
        skipped=reading.skipped,
    )


def _columns(spec: DataSpec | None) -> tuple[dict[str, Any], ...] | None:
    if spec is None or spec.columns is None:
        return None
    return tuple({"name": each.name, "kind": each.kind, "categories": each.size} for each in spec.columns)


def _finite_range(parts: Any) -> tuple[float | None, float | None]:
    lows, highs = [], []
    for block in (block for part in parts for block in blocks(part)):
        if (finite := block[np.isfinite(block)] if block.dtype.kind == "f" else block).size:
            lows.append(float(finite.min()))
            highs.append(float(finite.max()))
    return min(lows, default=None), max(highs, default=None)

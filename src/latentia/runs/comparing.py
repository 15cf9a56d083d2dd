"""Runs side by side: measured on the same rows, with paired differences where the numbers may be compared."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import torch
from torch import Tensor

from latentia.conditionals import Need
from latentia.data.source import Source
from latentia.data.spec import SplitName
from latentia.errors import ConfigurationError, DataError
from latentia.evaluation import Evidence, log_likelihood
from latentia.evaluation.comparable import family, paired_difference, why_not
from latentia.runs.run import Run

Telling = Callable[[int, int], None] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One run of a comparison.

    Attributes:
        run: Its folder.
        recipe: Name of its recipe.
        likelihood: Family of its likelihood.
        parameters: Numbers that were learned.
        epochs: How long it was trained, if its metrics say.
        evidence: Its measurement on the rows of the comparison.
    """

    run: str
    recipe: str
    likelihood: str
    parameters: int
    epochs: int | None
    evidence: Evidence

    def to_dict(self) -> dict[str, Any]:
        """Flat, ready for JSON."""
        plain = {name: getattr(self, name) for name in ("run", "recipe", "likelihood", "parameters", "epochs")}
        return {**plain, **self.evidence.to_dict()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How the log-likelihoods of two runs differ on the same rows.

    Attributes:
        first: A run's folder.
        second: Another's.
        difference: Mean of log p(x) under the first minus that under the second, in nats a row.
        se: Its standard error over rows, paired; None for one row.
        clear: Whether the difference exceeds two standard errors.
    """

    first: str
    second: str
    difference: float
    se: float | None
    clear: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Two runs whose log-likelihoods are not compared.

    Attributes:
        first: A run's folder.
        second: Another's.
        reason: Why not; it speaks of the first and the second.
    """

    first: str
    second: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Runs side by side.

    Attributes:
        runs: In the order given.
        differences: For each pair whose log-likelihoods may be compared.
        refused: For each other pair.
        split: Which rows.
        num_examples: How many.
        num_samples: K of the bounds.
        seed: Of all noise.
    """

    runs: tuple[Measured, ...]
    differences: tuple[Difference, ...]
    refused: tuple[Refusal, ...]
    split: str
    num_examples: int
    num_samples: int
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """A plain dictionary, ready for JSON."""
        return {**asdict(self), "runs": [each.to_dict() for each in self.runs]}

    def groups(self) -> list[list[Measured]]:
        """The runs with a likelihood, divided so that log-likelihoods are compared within a group and not between."""
        apart = {frozenset((each.first, each.second)) for each in self.refused}
        found: list[list[Measured]] = []
        for run in self.runs:
            if run.evidence.nll is None:
                continue
            fits = (group for group in found if all(frozenset((run.run, each.run)) not in apart for each in group))
            if (group := next(fits, None)) is None:
                found.append([run])
            else:
                group.append(run)
        return found


def compare(
    runs: Sequence[Run],
    *,
    split: SplitName = "test",
    num_samples: int = 100,
    seed: int = 0,
    across_families: bool = False,
    counting: Callable[[str], AbstractContextManager[Telling]] = lambda _: nullcontext(),
) -> Comparison:
    """Measure runs on the same rows and say how they differ.

    Args:
        runs: At least two, of the same data.
        split: Which rows of the data.
        num_samples: K, importance samples for each row, the same for all.
        seed: Of all noise.
        across_families: Whether likelihoods of different families may be compared where both score the same thing in
            the same unit.
        counting: From what is counted to a scope with a function that is told (rows done, rows in all), or None.

    Returns:
        The comparison.

    Raises:
        ConfigurationError: Fewer than two runs, or one twice.
        DataError: Runs of different data, or data that can no longer be read.
    """
    names = [str(run.folder) for run in runs]
    if len(runs) < 2 or len({run.folder.resolve() for run in runs}) < len(runs):
        given = "one run" if len(runs) < 2 else "the same run twice"
        raise ConfigurationError(f"{given} was given; a comparison needs at least two different runs")
    require_same_data(runs)
    rows = _rows(runs, split)
    measured, bounds = [], []
    for run in runs:
        with counting(f"measuring {run.folder}") as tell:
            evidence = run.evaluate(rows, num_samples=num_samples, seed=seed, progress=tell)
        measured.append(_measured(run, evidence))
        dense = Need.DENSITY in run.model.vae.provides
        bounds.append(log_likelihood(run.model, rows, num_samples=num_samples, seed=seed) if dense else None)
    differences: list[Difference] = []
    refused: list[Refusal] = []
    for i, j in combinations(range(len(runs)), 2):
        reason = why_not(runs[i].model, runs[j].model, across_families=across_families)
        if reason is not None:
            refused.append(Refusal(first=names[i], second=names[j], reason=reason))
        else:
            differences.append(_difference(names[i], names[j], bounds[i], bounds[j]))
    return Comparison(
        runs=tuple(measured),
        differences=tuple(differences),
        refused=tuple(refused),
        split=split,
        num_examples=len(rows),
        num_samples=num_samples,
        seed=seed,
    )


def require_same_data(runs: Sequence[Run]) -> None:
    """Refuse runs that were trained on different rows, or on the same ones divided otherwise.

    Args:
        runs: At least one.

    Raises:
        DataError: Names two that differ, and in what.
    """
    first = runs[0]
    for other in runs[1:]:
        a, b = first.spec, other.spec
        if a.digest == b.digest:
            continue
        if a.shape != b.shape:
            what = f"rows of shape {a.shape} and {b.shape}"
        elif a.counts != b.counts:
            sizes = [", ".join(f"{count:,} {name}" for name, count in each.counts.items()) for each in (a, b)]
            what = f"{sizes[0]} rows and {sizes[1]} rows"
        else:
            what = "other values or another division into splits (the digests differ)"
        raise DataError(
            f"{first.folder} was trained on {a.source} and {other.folder} on {b.source}, which are not the same data: "
            f"{what}; numbers of different rows say nothing of the models: give runs of the same data"
        )


def _rows(runs: Sequence[Run], split: SplitName) -> Source:
    """The rows, from the first run whose data can still be read."""
    trouble: DataError | None = None
    for run in runs:
        try:
            return run.split(split)
        except DataError as error:
            trouble = trouble or error
    assert trouble is not None, "there is at least one run"
    raise trouble


def _measured(run: Run, evidence: Evidence) -> Measured:
    last = run.metrics[-1] if run.metrics else {}
    return Measured(
        run=str(run.folder),
        recipe=run.recipe.name,
        likelihood=family(run.model),
        parameters=sum(each.numel() for each in run.model.parameters()),
        epochs=int(last["epoch"]) if "epoch" in last else None,
        evidence=evidence,
    )


def _difference(first: str, second: str, a: Tensor | None, b: Tensor | None) -> Difference:
    assert isinstance(a, torch.Tensor), "both have densities"
    assert isinstance(b, torch.Tensor), "both have densities"
    mean, error = paired_difference(a, b)
    known = math.isfinite(error)
    clear = known and abs(mean) > 2 * error
    return Difference(first=first, second=second, difference=mean, se=error if known else None, clear=clear)

"""Posterior predictive checks: do generated rows look like real ones, statistic by statistic?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from latentia.conditionals import Need
from latentia.data.source import Source
from latentia.data_model import BLOCK, DataModel, evaluating, seeded
from latentia.errors import CompatibilityError, ConfigurationError, DataError
from latentia.evaluation.check_statistics import TWO_SIDED, Array, Cells, cells_of, named_columns, statistics
from latentia.evaluation.plain_features import some_rows

LEVEL = 0.05
"""A model that is the truth is found fault with this often, at most, whatever the number of statistics."""
_REFERENCE = 2
"""Rows of the reference for each real row."""
_WORDS = {
    "mean": "the mean, in standard deviations of the training rows,",
    "variance": "the variance of a column, relative to the training rows,",
    "zero_share": "the share of zeros",
    "row_spread": "the spread of the rows' means",
    "marginals": "the distance of the columns' marginal distributions",
    "correlations": "the distance of the correlations between columns",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One statistic.

    Attributes:
        name: `mean`, `variance`, `zero_share`, `row_spread`, `marginals` or `correlations`.
        real: Its value on the real rows.
        generated: Its mean over sets of as many generated rows.
        spread: Its standard deviation over them.
        p: Tail probability, uniform on [0, 1] for a model that is the truth; of both tails for a number, of the upper
            one for a distance.
        passed: Whether p lies above the level that the number of statistics allows.
    """

    name: str
    real: float
    generated: float
    spread: float
    p: float
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictiveReport:
    """What generated rows have in common with real ones.

    Attributes:
        checks: One for each statistic that the data have.
        worst_columns: Up to five columns by the distance of their marginal, with that distance and the mean distance
            of generated rows.
        num_rows: Rows in a set.
        num_replicates: Sets of generated rows.
        seed: Of all noise.
        verdict: In words.
    """

    checks: tuple[Check, ...]
    worst_columns: tuple[tuple[str, float, float], ...]
    num_rows: int
    num_replicates: int
    seed: int
    verdict: str

    def to_dict(self) -> dict[str, Any]:
        """A plain dictionary, ready for JSON."""
        return asdict(self)


def predictive_checks(
    model: DataModel,
    source: Source,
    *,
    seed: int = 0,
    num_replicates: int = 300,
    num_rows: int = 500,
    num_columns: int = 100,
) -> PredictiveReport:
    r"""Hold statistics T of real rows against those of generated rows.

    R sets of rows are drawn from the model, noise of the likelihood included, each as large as the set of real rows and
    with the same cells missing. If the model is the truth the R + 1 values of T are exchangeable, so that
    \(p = (\#\{T_r > T\} + U (1 + \#\{T_r = T\})) / (R + 1)\) with U uniform is uniform exactly. The rows should be
    held out: a model knows those that it was trained on.

    A likelihood given a row's total generates rows with the totals of the real ones; grey data that the model sees
    binarised are binarised first.

    Args:
        model: Any model with a prior that can be sampled.
        source: Real rows.
        seed: Of the choice of rows and columns, of the generated rows and of U.
        num_replicates: R, at least 20; below some 240 no single statistic can fail at the level that several share.
        num_rows: Real rows to use at most.
        num_columns: Numbers of a row that are compared one by one, at most.

    Returns:
        The report.

    Raises:
        CompatibilityError: The model has no prior to sample.
        ConfigurationError: Fewer than 20 replicates.
        DataError: Fewer than two rows.

    References:
        Gelman, Meng, Stern, Posterior predictive assessment of model fitness via realized discrepancies, Statistica
        Sinica 6, 1996. Exact Monte-Carlo tests: Besag, Clifford, Generalized Monte Carlo significance tests, Biometrika
        76, 1989, doi:10.1093/biomet/76.4.633.
    """
    if Need.SAMPLES not in model.vae.provides:
        raise CompatibilityError(
            "this model has no prior to generate rows from; use a recipe with one (such as vae), or give it one by an "
            "ex-post density"
        )
    if num_replicates < 20:
        raise ConfigurationError(f"num_replicates is {num_replicates}; a tail probability needs at least 20")
    if len(source) < 2:
        raise DataError(f"{len(source)} rows have no statistics to compare; give at least two")
    rows = some_rows(source, num_rows, seed=seed).x.to(model.device)
    generator = np.random.default_rng(seed)
    with torch.no_grad(), evaluating(model), seeded(seed, model.device):
        prepared = model.preparation(rows)
        real = model.preparation.restore(prepared) if model.preparation.binarises else rows
        gone = rows.flatten(1).isnan()
        large = _generated(model, prepared.repeat(_REFERENCE, *[1] * (rows.dim() - 1)))
        chosen = _varying(model, large, num_columns, generator)
        reference = cells_of(model.spec, large, chosen)
        observed, distances = statistics(cells_of(model.spec, real, chosen), reference)
        drawn = [statistics(_masked(model, prepared, gone, chosen), reference) for _ in range(num_replicates)]
    kept = [name for name in observed if name != "zero_share" or reference.zero.any() or observed[name] > 0]
    replicated = {name: np.array([values[name] for values, _ in drawn]) for name in kept}
    limit = LEVEL / len(kept)
    checks = tuple(_check(name, observed[name], replicated[name], limit, float(generator.uniform())) for name in kept)
    usual = np.stack([each for _, each in drawn]).mean(0)
    names = named_columns(model.spec, chosen)
    order = np.argsort(usual - distances, kind="stable")[:5]
    return PredictiveReport(
        checks=checks,
        worst_columns=tuple((names[i], float(distances[i]), float(usual[i])) for i in order),
        num_rows=len(rows),
        num_replicates=num_replicates,
        seed=seed,
        verdict=verdict(checks, names[order[0]], enough=num_replicates + 1 >= 2 / limit),
    )


def _generated(model: DataModel, like: Tensor) -> Tensor:
    """As many rows as `like` has, drawn from the model; given their totals where it models no totals."""
    parts = []
    for block in like.split(BLOCK):
        px = model.vae.generate(len(block)).px
        px = px.observe(block) if hasattr(px, "observe") else px
        parts.append(model.preparation.restore(px.sample()[0]))
    return torch.cat(parts)


def _masked(model: DataModel, like: Tensor, gone: Tensor, chosen: Any) -> Cells:
    drawn = _generated(model, like)
    if gone.any():
        drawn = drawn.flatten(1).masked_fill(gone, torch.nan).reshape(drawn.shape)
    return cells_of(model.spec, drawn, chosen)


def _varying(model: DataModel, generated: Tensor, most: int, generator: np.random.Generator) -> Any:
    """Columns of the numbers that vary among generated rows, or all where none does; chosen by lot if too many."""
    numbers = cells_of(model.spec, generated, np.zeros(0, np.int64)).numbers
    varying = np.flatnonzero((numbers != numbers[:1]).any(0))
    varying = varying if len(varying) else np.arange(numbers.shape[1])
    return varying if len(varying) <= most else np.sort(generator.choice(varying, most, replace=False))


def tail(real: float, generated: Array, lot: float, *, two_sided: bool) -> float:
    """The tail probability of a value among exchangeable ones, ties broken by lot.

    Args:
        real: T.
        generated: T of R replicates.
        lot: Uniform on (0, 1).
        two_sided: Whether small values are as strange as large ones.

    Returns:
        Uniform on (0, 1) if all R + 1 values are exchangeable.

    >>> tail(2.0, np.array([1.0, 2.0, 3.0]), 0.5, two_sided=False)
    0.5
    """
    upper = ((generated > real).sum() + lot * (1 + (generated == real).sum())) / (len(generated) + 1)
    return float(2 * min(upper, 1 - upper) if two_sided else upper)


def _check(name: str, real: float, generated: Array, limit: float, lot: float) -> Check:
    p = tail(real, generated, lot, two_sided=name in TWO_SIDED)
    spread = float(generated.std(ddof=1))
    return Check(name=name, real=real, generated=float(generated.mean()), spread=spread, p=p, passed=p > limit)


def verdict(checks: Sequence[Check], worst: str, *, enough: bool = True) -> str:
    """Say in what generated rows differ from real ones.

    Args:
        checks: All of them.
        worst: The column whose marginal differs most.
        enough: Whether there were sets enough for any statistic to fail.

    Returns:
        A sentence, or one for each statistic that failed.
    """
    failed = [each for each in checks if not each.passed]
    if not failed and not enough:
        return "There were too few sets of generated rows for a statistic to fail; generate some 300 (num_replicates)."
    if not failed:
        return f"Generated rows cannot be told from real ones by these {len(checks)} statistics."
    said = [f"Generated rows differ from real ones in {len(failed)} of {len(checks)} statistics:"]
    for each in failed:
        where = f", most in {worst}" if each.name == "marginals" else ""
        said.append(
            f"{_WORDS[each.name]} is {each.real:.3g} on real rows and {each.generated:.3g} ± {each.spread:.2g} on "
            f"generated ones (p = {each.p:.2g}){where};"
        )
    return " ".join(said).rstrip(";") + "."

"""All scores of disentanglement for one model and the factors of its rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from latentia.data.source import Source
from latentia.data_model import DataModel
from latentia.errors import ConfigurationError, DataError
from latentia.evaluation.disentanglement.beta_vae_score import beta_vae_score
from latentia.evaluation.disentanglement.binning import binned
from latentia.evaluation.disentanglement.contingency import contingency, factor_entropy, mutual_information
from latentia.evaluation.disentanglement.dci import dci
from latentia.evaluation.disentanglement.explicitness import explicitness
from latentia.evaluation.disentanglement.factor_vae_score import factor_vae_score
from latentia.evaluation.disentanglement.factors import Factors
from latentia.evaluation.disentanglement.gap import gaps
from latentia.evaluation.disentanglement.homes import Home, chance_told, homes_of, verdict_of
from latentia.evaluation.disentanglement.inputs import Numbers, as_codes, as_factors, numbered
from latentia.evaluation.disentanglement.irs import irs
from latentia.evaluation.disentanglement.mig import mig
from latentia.evaluation.disentanglement.modularity import modularity
from latentia.evaluation.disentanglement.sap import sap
from latentia.evaluation.disentanglement.shared_factor import SharedFactorRows

_ROWS = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Disentanglement:
    """How far each factor of variation has a dimension of its own; None where a score was not asked for.

    Attributes:
        scores: Name to score: `mig`, `sap`, `dci_disentanglement`, `dci_completeness`, `dci_informativeness`,
            `modularity`, `explicitness`, `irs`, `beta_vae`, `factor_vae`, as far as they were asked for.
        chance: The same scores of the same codes dealt to other rows: what codes that know nothing of the factors
            would score. It is far from 0 for some (modularity, irs), and about 1 / F for those that are accuracies.
        homes: Where each factor lives in the code.
        verdict: The same in plain words.
        latent_dim: d.
        num_examples: N.
        seed: Of divisions, draws and trees.
    """

    scores: dict[str, float]
    chance: dict[str, float]
    homes: tuple[Home, ...]
    verdict: str
    latent_dim: int
    num_examples: int
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """A plain dictionary, ready for JSON."""
        return asdict(self)


def measure(
    model: DataModel,
    source: Source,
    factors: Factors | None = None,
    *,
    seed: int = 0,
    metrics: Sequence[str] | None = None,
) -> Disentanglement:
    """Score how far the factors of variation have dimensions of their own, each score with its literature's settings.

    Codes are posterior means. The scores that intervene on factors draw from the rows that there are (see
    `SharedFactorRows`), so that a random subset of all combinations will do.

    Args:
        model: With two latent dimensions or more.
        source: N rows.
        factors: Of these rows in their stored order; by default the labels of the source, a single factor whose
            classes have no order.
        seed: Of divisions, draws and trees.
        metrics: Which of `METRICS`; by default all, or those of `OF_ONE_FACTOR` where there is only one factor.

    Returns:
        The scores, and a verdict.

    Raises:
        DataError: No factors; factors of other rows; a factor that does not vary; a single factor or dimension for a
            score that compares several.
        ConfigurationError: An unknown name.
    """
    if factors is None:
        labels = getattr(source, "labels", None)
        if labels is None:
            raise DataError(
                "disentanglement is measured against known factors, but these rows have none; give factors: whole "
                "numbers, one column a factor, one row for each row of the data"
            )
        factors = Factors.of(labels, ["class"], ["class"])
    if len(factors.values) != len(source):
        raise DataError(
            f"there are factors of {len(factors.values)} rows, but {len(source)} rows to measure; take the factors "
            "of the same rows in the same order (Factors.split gives those of a split of load_data)"
        )
    codes = torch.cat([model.encode(batch.x) for batch in source.batches(_ROWS, seed=None)])
    return measure_codes(codes, factors, seed=seed, metrics=metrics)


def measure_codes(
    codes: Any, factors: Factors, *, seed: int = 0, metrics: Sequence[str] | None = None
) -> Disentanglement:
    """The same for codes that are there already.

    Args:
        codes: `[N, d]`.
        factors: Of the same rows.
        seed: Of divisions, draws and trees.
        metrics: Which of `METRICS`; by default all, or those of `OF_ONE_FACTOR` where there is only one factor.

    Returns:
        The scores, and a verdict.

    Raises:
        DataError: See `measure`.
        ConfigurationError: An unknown name.

    >>> grid = Factors.of([[a, b] for a in range(4) for b in range(4)] * 20, ["a", "b"])
    >>> measure_codes(grid.values, grid, metrics=["mig", "irs"]).scores
    {'mig': 1.0, 'irs': 1.0}
    """
    if metrics is None:
        metrics = METRICS if factors.values.shape[1] > 1 else OF_ONE_FACTOR
    if unknown := [name for name in metrics if name not in METRICS]:
        raise ConfigurationError(f"metric {unknown[0]!r} is unknown; one of {', '.join(METRICS)}")
    z = as_codes(codes)
    v = as_factors(factors.values, len(z))
    values, sizes = numbered(v)
    table = contingency(binned(z), values)
    entropy = factor_entropy(table)
    told = gaps(mutual_information(table) / entropy)
    dealt = z[np.random.default_rng(seed).permutation(len(z))]
    in_use = (table[:, 0].sum(2) > 0).sum(1)
    homes = homes_of(told, factors.names, chance_told(in_use[told.best], sizes, len(z), entropy))
    return Disentanglement(
        scores=_scores(z, factors, metrics, seed),
        chance=_scores(dealt, factors, metrics, seed),
        homes=homes,
        verdict=verdict_of(homes),
        latent_dim=z.shape[1],
        num_examples=len(z),
        seed=seed,
    )


def _scores(z: Numbers, factors: Factors, metrics: Sequence[str], seed: int) -> dict[str, float]:
    found: dict[str, float] = {}
    for name in metrics:
        score = _METRICS[name](z, factors, seed)
        found |= {name: score} if isinstance(score, float) else {f"{name}_{part}": each for part, each in score.items()}
    return found


def _dci(z: Numbers, factors: Factors, seed: int) -> dict[str, float]:
    found = dci(z, factors.values, categorical=factors.categorical, seed=seed)
    return {name: getattr(found, name) for name in ("disentanglement", "completeness", "informativeness")}


_METRICS: dict[str, Callable[[Numbers, Factors, int], float | dict[str, float]]] = {
    "mig": lambda z, f, seed: mig(z, f.values).score,
    "sap": lambda z, f, seed: sap(z, f.values, categorical=f.categorical).score,
    "dci": _dci,
    "modularity": lambda z, f, seed: modularity(z, f.values).score,
    "explicitness": lambda z, f, seed: explicitness(z, f.values, seed=seed).score,
    "irs": lambda z, f, seed: irs(z, f.values).score,
    "beta_vae": lambda z, f, seed: beta_vae_score(SharedFactorRows(z, f.values), seed=seed),
    "factor_vae": lambda z, f, seed: factor_vae_score(SharedFactorRows(z, f.values), seed=seed).score,
}
METRICS = tuple(_METRICS)
"""Names of what can be measured."""
OF_ONE_FACTOR = ("mig", "sap", "explicitness")
"""Those that do not compare factors with each other."""

"""Where each factor lives in the code, and what that means in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from latentia.evaluation.disentanglement.gap import FactorGaps
from latentia.evaluation.disentanglement.inputs import Numbers, Whole

MOST = 0.5
"""A code that tells at least this share of a factor is said to hold it."""
ALONE = 0.1
"""A factor whose second code tells no more than this share is said to sit in one dimension."""


@dataclass(frozen=True, slots=True)
class Home:
    """The code that tells most of a factor.

    Attributes:
        factor: Its name.
        dimension: Which code, counted from 0.
        told: What it tells, as a share of the factor's entropy.
        next_told: What the next best code tells.
        chance: What an independent code would be seen to tell with so few rows.
    """

    factor: str
    dimension: int
    told: float
    next_told: float
    chance: float

    @property
    def kind(self) -> str:
        """`held` in one dimension, `shared` by several, `faint` or `lost`."""
        if self.told <= 2 * self.chance:
            return "lost"
        if self.told < MOST:
            return "faint"
        return "held" if self.next_told <= max(ALONE, 2 * self.chance) else "shared"


def homes_of(found: FactorGaps, names: Sequence[str], chance: Numbers) -> tuple[Home, ...]:
    """The home of each factor.

    Args:
        found: What `mig` gives.
        names: Of the F factors.
        chance: `[F]`, the share that an independent code would be seen to tell.

    Returns:
        F homes.
    """
    told = found.table.max(0)
    return tuple(
        Home(name, int(found.best[j]), float(told[j]), float(told[j] - found.per_factor[j]), float(chance[j]))
        for j, name in enumerate(names)
    )


def verdict_of(homes: Sequence[Home]) -> str:
    """What the homes say, in plain words, and what to try.

    Args:
        homes: Of the factors.

    Returns:
        A few sentences.

    >>> print(verdict_of([Home("x", 3, 0.9, 0.0, 0.01), Home("shape", 1, 0.02, 0.01, 0.01)]))
    1 of 2 factors sits in a dimension of its own: x in z[3] (90% told). No dimension tells more of shape than chance
    would: look first whether the model reconstructs it at all.
    """
    groups = {kind: [home for home in homes if home.kind == kind] for kind in ("held", "shared", "faint", "lost")}
    held = groups["held"]
    text = f"{len(held)} of {len(homes)} factors {'sits' if len(held) == 1 else 'sit each'} in a dimension of its own"
    text = text if held else "No factor sits in a dimension of its own"
    text += (
        ": " + ", ".join(f"{h.factor} in z[{h.dimension}] ({h.told:.0%} told)" for h in held) if held else ""
    ) + "."
    if crowded := [home for home in held if sum(other.dimension == home.dimension for other in held) > 1]:
        text += f" But {_listed(crowded)} share a dimension, so that it moves them together."
    if shared := groups["shared"]:
        text += f" Several dimensions tell of {_listed(shared)}: they turn together when one is moved."
    if faint := groups["faint"]:
        text += f" No dimension alone tells half of {_listed(faint)}."
    if shared or faint:
        text += " A larger weight on total correlation (beta_tc, factor_vae) pulls dimensions apart; more dimensions"
        text += " or longer training help where the model cannot say all."
    if lost := groups["lost"]:
        text += f" No dimension tells more of {_listed(lost)} than chance would: look first whether the model"
        text += " reconstructs it at all."
    return text


def _listed(homes: Sequence[Home]) -> str:
    names = [home.factor for home in homes]
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def chance_told(bins: Whole, sizes: Whole, rows: int, entropy: Numbers) -> Numbers:
    r"""\((B - 1)(C - 1) / (2 N H)\): the information that N rows of an independent code seem to hold, in expectation.

    Args:
        bins: B, bins in use of the code that each factor is told by, `[F]`.
        sizes: C, values of each factor, `[F]`.
        rows: N.
        entropy: H of each factor, `[F]`, in nats.

    Returns:
        `[F]`, a share of the entropy for each factor, at most 1.

    References:
        Miller, Note on the bias of information estimates, 1955.
    """
    return np.asarray(np.minimum((bins - 1) * (sizes - 1) / (2 * rows * entropy), 1.0))

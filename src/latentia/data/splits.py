"""Rows held out for validation and test."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from latentia.data.source import permutation
from latentia.data.spec import SplitName
from latentia.errors import ConfigurationError, DataError

DEFAULT_FRACTION = 0.1
"""Part of the rows held out for validation, and as much for test, when nothing else is said."""


def hold_out(rows: int, fractions: dict[SplitName, float], *, seed: int) -> dict[SplitName, npt.NDArray[np.int64]]:
    """Choose which rows are held out; a pure function of its arguments.

    Args:
        rows: N, the rows to be divided.
        fractions: Part of N, in (0, 1), for `validation`, `test` or both. Each gets at least one row.
        seed: Of the shuffle that decides.

    Returns:
        Rising row numbers for `train` and each split of `fractions`; together all N, none twice.

    Raises:
        ConfigurationError: Fractions outside (0, 1), or that leave nothing to train on.
        DataError: Fewer rows than splits.
    """
    for name, fraction in fractions.items():
        if not 0.0 < fraction < 1.0:
            raise ConfigurationError(f"{name} fraction {fraction:g} is not possible; give a number between 0 and 1")
    if sum(fractions.values()) >= 1.0:
        raise ConfigurationError(f"fractions {fractions} leave no rows to train on; give less")
    if rows < len(fractions) + 1:
        raise DataError(
            f"{rows} row{'s' * (rows != 1)} cannot be divided into train and {' and '.join(fractions)}; "
            f"give at least {len(fractions) + 1} rows, or the splits themselves"
        )
    order = permutation(rows, seed, "hold out").numpy()
    parts: dict[SplitName, npt.NDArray[np.int64]] = {}
    taken = 0
    for position, (name, fraction) in enumerate(fractions.items()):
        # every split that is still to come, and train, keeps at least one row
        size = min(max(1, round(rows * fraction)), rows - taken - (len(fractions) - position))
        parts[name] = np.sort(order[taken : taken + size])
        taken += size
    return {"train": np.sort(order[taken:]), **parts}

"""The factors of variation that are known of some rows: their values, their names, and which of them have an order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from latentia.data.numpy_files import read_npz
from latentia.data.spec import SPLITS, SplitName
from latentia.data.splits import DEFAULT_FRACTION, hold_out
from latentia.errors import DataError
from latentia.evaluation.disentanglement.inputs import Whole


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """Whole numbers for each row, one column a factor.

    Attributes:
        values: `[N, F]`.
        names: Of the F factors.
        categorical: For each whether its values have no order (a shape has none, a position has one).
    """

    values: Whole
    names: tuple[str, ...]
    categorical: tuple[bool, ...]

    @staticmethod
    def of(given: Any, names: Sequence[str] | None = None, categorical: Sequence[str] = ()) -> Factors:
        """Give factors their names.

        Args:
            given: Array or tensor `[N, F]` of whole numbers, or `[N]` for a single factor.
            names: Of the F factors; by default `v[0]`, `v[1]`, ...
            categorical: Names of those whose values have no order.

        Returns:
            The factors.

        Raises:
            DataError: Another shape, or names that do not fit.

        >>> Factors.of([[0, 3], [1, 2]], ["shape", "x"], ["shape"]).categorical
        (True, False)
        """
        values = np.asarray(given.detach().cpu() if type(given).__module__.startswith("torch") else given)
        values = values[:, None] if values.ndim == 1 else values
        if values.ndim != 2 or values.size == 0:
            raise DataError(f"factors have shape {values.shape}; give F whole numbers for each row: (N, F)")
        if values.dtype.kind not in "biu":
            raise DataError(f"factors ({values.dtype}) are no whole numbers; number the values of each factor")
        names = tuple(f"v[{i}]" for i in range(values.shape[1])) if names is None else tuple(names)
        if len(names) != values.shape[1]:
            raise DataError(f"there are {len(names)} names for {values.shape[1]} factors; give one for each")
        if unknown := set(categorical) - set(names):
            raise DataError(f"no factor is called {sorted(unknown)[0]!r}; there are {', '.join(names)}")
        return Factors(values.astype(np.int64), names, tuple(name in categorical for name in names))

    @staticmethod
    def read(path: Path, key: str, names: Sequence[str] | None = None, categorical: Sequence[str] = ()) -> Factors:
        """Read an array of an `.npz` file, leaving out factors that have one value only.

        Args:
            path: The file.
            key: The array in it, `[N, F]` of whole numbers.
            names: Of the F factors, the constant ones included.
            categorical: Names of those whose values have no order.

        Returns:
            The factors that vary.

        Raises:
            DataError: The file cannot be read, or holds no such factors.
        """
        return Factors.of(read_npz(path, key, str(path)).parts["train"].x, names, categorical).varying()

    def varying(self) -> Factors:
        """The factors that have more than one value."""
        keep = np.flatnonzero((self.values != self.values[0]).any(0)).tolist()
        if not keep:
            raise DataError("no factor has more than one value; give rows in which one varies")
        chosen = self.values[:, keep], tuple(self.names[i] for i in keep), tuple(self.categorical[i] for i in keep)
        return Factors(*chosen)

    def rows(self, index: Any) -> Factors:
        """The factors of some rows.

        Args:
            index: What numpy takes: row numbers, a slice or truth values.

        Returns:
            Those rows.
        """
        return Factors(self.values[index], self.names, self.categorical)

    def split(
        self, name: SplitName, *, seed: int = 0, validation: float = DEFAULT_FRACTION, test: float = DEFAULT_FRACTION
    ) -> Factors:
        """The rows that `load_data` puts into a split when the data come without one, in the same order.

        Args:
            name: `train`, `validation` or `test`.
            seed: As given to `load_data`.
            validation: Part held out for validation, as given to it.
            test: Part held out for the test.

        Returns:
            The factors of the rows of that split.
        """
        fractions = dict(zip(SPLITS[1:], (validation, test), strict=True))
        return self.rows(hold_out(len(self.values), fractions, seed=seed)[name])

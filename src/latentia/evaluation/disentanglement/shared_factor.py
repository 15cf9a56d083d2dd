"""Rows that share the value of one factor: what the scores of interventions are measured on."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from latentia.evaluation.disentanglement.inputs import Numbers, Whole, as_codes, as_factors, numbered


class SharedFactor(Protocol):
    """A sampler of codes of groups of examples that share the value of one factor, the others being drawn anew."""

    @property
    def num_factors(self) -> int:
        """F."""
        ...

    @property
    def spread(self) -> Numbers:
        """Standard deviation of each code over all examples, `[d]`."""
        ...

    def draw(self, factor: Whole, size: int, generator: np.random.Generator) -> Numbers:
        """Draw groups of examples.

        Args:
            factor: `[T]`, which factor each group shares.
            size: Examples in a group.
            generator: Of the draws.

        Returns:
            Codes `[T, size, d]`.
        """
        ...


class SharedFactorRows:
    """Groups drawn from the rows that there are, however few of all combinations of factors they hold.

    The shared value is that of a row drawn at random; then each member of the group is drawn from all rows with that
    value, with replacement. Over a full grid this is the sampling of the definitions. Over a random subset of it the
    other factors follow their frequencies among these rows, which differ from those of the grid by sampling error
    alone; the fewer rows share a value, the more often a group holds a row twice.

    Args:
        codes: `[N, d]`.
        factors: `[N, F]`, whole numbers.

    Raises:
        DataError: Codes or factors that cannot be used.

    >>> rows = SharedFactorRows([[0.0], [1.0], [5.0]], [[0, 0], [0, 1], [1, 1]])
    >>> group = rows.draw(np.array([1]), 100, np.random.default_rng(0))  # all have the same second factor
    >>> group.shape, np.unique(group).tolist()
    ((1, 100, 1), [1.0, 5.0])
    """

    def __init__(self, codes: Any, factors: Any) -> None:
        self._codes = as_codes(codes)
        self._values, sizes = numbered(as_factors(factors, len(self._codes)))
        self._order = self._values.argsort(0, kind="stable")
        self._count = np.stack([np.bincount(column, minlength=int(sizes.max())) for column in self._values.T])
        self._start = self._count.cumsum(1) - self._count

    @property
    def num_factors(self) -> int:
        """F."""
        return int(self._values.shape[1])

    @property
    def spread(self) -> Numbers:
        """Standard deviation of each code over the rows, `[d]`."""
        return np.asarray(self._codes.std(0, ddof=1))

    def draw(self, factor: Whole, size: int, generator: np.random.Generator) -> Numbers:
        """Draw groups of rows.

        Args:
            factor: `[T]`, which factor each group shares.
            size: Rows in a group.
            generator: Of the draws.

        Returns:
            Codes `[T, size, d]`.
        """
        value = self._values[generator.integers(len(self._codes), size=len(factor)), factor]
        member = generator.random((len(factor), size)) * self._count[factor, value][:, None]
        place = self._start[factor, value][:, None] + member.astype(np.int64)
        return self._codes[self._order[place, factor[:, None]]]

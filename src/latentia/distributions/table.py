"""A row of a table: columns of different kinds, independent of one another, each from a family of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Categorical, Distribution, constraints


@dataclass(frozen=True, slots=True)
class Block:
    """Columns that have one family, taken together.

    Attributes:
        index: `[J]`, which columns of the row these are.
        base: Batch `[*lead, J]`, single numbers as events; a categorical one gives codes, -inf as the log-odds of codes
            that a column does not have.
        fill: A number in the family's support, scored (and left out) in place of a missing one.
    """

    index: Tensor
    base: Distribution
    fill: float = 0.0

    @property
    def coded(self) -> bool:
        """Whether its numbers are codes."""
        return isinstance(self.base, Categorical)


class Table(Distribution):
    r"""\(p(x) = \prod_d p_d(x_d)\) over the columns that are observed; NaN stands for a missing cell.

    Missing cells are left out, which is the marginal of the others exactly, as the columns are independent.

    Args:
        blocks: Together every column, each once; all with the same batch but for their number of columns.

    Attributes:
        blocks: As given.

    References:
        Nazabal, Olmos, Ghahramani, Valera, Handling incomplete heterogeneous data using VAEs, 2020, arXiv:1807.03653.
    """

    arg_constraints = {}  # noqa: RUF012 -- torch's own protocol
    has_rsample = False

    def __init__(self, blocks: Sequence[Block]) -> None:
        self.blocks = tuple(blocks)
        self._order = torch.cat([block.index for block in self.blocks]).argsort()
        batch = self.blocks[0].base.batch_shape[:-1]
        super().__init__(batch, self._order.shape, validate_args=False)

    @property
    def support(self) -> constraints.Constraint:
        """Real vectors, as far as torch needs to know; each column's own support is checked where data enter."""
        return constraints.real_vector

    def expand(self, batch_shape: Any, _instance: Any = None) -> Table:
        """The same distribution with its batch broadcast to `batch_shape`."""
        shape = torch.Size(batch_shape)
        return Table([Block(each.index, each.base.expand(shape + each.index.shape), each.fill) for each in self.blocks])

    def observed(self) -> Table:
        """The distribution of what is observed: this one, which leaves missing cells out by itself."""
        return self

    def log_prob_of_cells(self, value: Tensor) -> Tensor:
        """Log-probability (or density) of every cell; 0 for missing ones.

        Args:
            value: `[*lead, D]`, NaN where a cell is missing.

        Returns:
            `[*lead, D]`, in nats.
        """
        return self._in_order([self._score(block, value) for block in self.blocks])

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-probability of rows, summed over their observed cells, in nats.

        Args:
            value: `[*lead, D]`, NaN where a cell is missing.

        Returns:
            `[*lead]`.
        """
        return torch.stack([self._score(block, value).sum(-1) for block in self.blocks]).sum(0)

    def _score(self, block: Block, value: Tensor) -> Tensor:
        cells = value[..., block.index]
        missing = cells.isnan()
        return block.base.log_prob(cells.masked_fill(missing, block.fill)).masked_fill(missing, 0.0)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Rows, `[*sample_shape, *batch, D]`."""
        shape = torch.Size(sample_shape)
        with torch.no_grad():
            return self._in_order([block.base.sample(shape) for block in self.blocks])

    @property
    def mean(self) -> Tensor:
        """The mean of every column; of codes, which have none, the most probable one."""
        return self._in_order([block.base.mode if block.coded else block.base.mean for block in self.blocks])

    def _in_order(self, parts: Sequence[Tensor]) -> Tensor:
        floats = [part.dtype for part in parts if part.is_floating_point()]
        dtype = floats[0] if floats else torch.float32
        return torch.cat([part.to(dtype) for part in parts], dim=-1)[..., self._order]

"""What stands before an encoder: counts, codes and missing values turned into features that a network can read.

Each takes x as the likelihood scores it, so that whatever else feeds an encoder (pseudo-inputs of a prior, corrupted
copies) needs to know nothing of it; and each is differentiable in x wherever that could mean something.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from latentia.columns import Column, ColumnKind

_TINY = 1e-30
"""Positive numbers below this are not told apart."""


class LogCounts(nn.Module):
    """log(1 + x): counts of very different sizes on one scale.

    Shapes:
        Any shape to the same.

    >>> LogCounts()(torch.tensor([0.0, torch.e - 1]))
    tensor([0., 1.])
    """

    def forward(self, x: Tensor) -> Tensor:
        """log(1 + x), elementwise."""
        return torch.log1p(x.clamp_min(0))


class Masked(nn.Module):
    """Missing values (NaN) become zero, and a mask beside the values says which were there.

    Args:
        event_dims: Trailing dimensions of one x; values and mask are joined along the first of them.
        inner: What the values pass through first, zeros where they are missing, or None.

    Shapes:
        `[*lead, D]` to `[*lead, 2 D]`; `[*lead, C, H, W]` to `[*lead, 2 C, H, W]`.

    References:
        Nazabal, Olmos, Ghahramani, Valera, 2020, arXiv:1807.03653; Mattei, Frellsen, MIWAE, 2019, arXiv:1812.02633:
        zeros for what is missing. With the mask the network can tell them from zeros that were observed.

    >>> Masked()(torch.tensor([[2.0, torch.nan]]))
    tensor([[2., 0., 1., 0.]])
    """

    def __init__(self, event_dims: int = 1, inner: nn.Module | None = None) -> None:
        super().__init__()
        self.axis = -event_dims
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        """Values and mask."""
        observed = ~x.isnan()
        values = x.where(observed, 0.0)
        if self.inner is not None:
            values = cast(Tensor, self.inner(values)).where(observed, 0.0)
        return torch.cat([values, observed.to(x.dtype)], dim=self.axis)


class TableInputs(nn.Module):
    r"""Columns of different kinds as features of about one size, those of missing cells zero.

    Real and binary columns stay as they are; of positive ones comes the standardised logarithm; of counts log(1 + x),
    zero at their mean; categories are one-hot, \(\max(0, 1 - |x - c|)\) for code c; an order is a thermometer,
    \(x - c\) cut to [0, 1]. At whole numbers these are zeros and ones, and between them linear, so that a gradient
    passes.

    Args:
        columns: D of them.
        missing: Whether a mask of the D columns is appended.

    Attributes:
        features: F.

    Shapes:
        `[*lead, D]` in the units of the table's likelihood to `[*lead, F]`.

    >>> inputs = TableInputs([Column("a", "categorical", 3), Column("b", "binary")], missing=True)
    >>> inputs(torch.tensor([[2.0, torch.nan]]))
    tensor([[0., 0., 0., 1., 1., 0.]])
    """

    def __init__(self, columns: Sequence[Column], *, missing: bool) -> None:
        super().__init__()
        self.missing = missing
        self.width = len(columns)
        where: dict[ColumnKind, list[int]] = {}
        for index, column in enumerate(columns):
            where.setdefault(column.kind, []).append(index)
        plain = where.get("real", []) + where.get("binary", [])
        positive, count = where.get("positive", []), where.get("count", [])
        # One entry a feature: the column it belongs to and the code it stands for.
        one_hot = [(i, code) for i in where.get("categorical", []) for code in range(columns[i].size)]
        steps = [(i, code) for i in where.get("ordinal", []) for code in range(columns[i].size - 1)]
        owners = plain + positive + count + [i for i, _ in one_hot + steps]
        self.features = len(owners) + (self.width if missing else 0)
        indices = {
            "plain": plain,
            "positive": positive,
            "count": count,
            "one_hot": [i for i, _ in one_hot],
            "steps": [i for i, _ in steps],
            "owners": owners,
        }
        for name, chosen in indices.items():
            self.register_buffer(f"{name}_of", torch.tensor(chosen, dtype=torch.long), persistent=False)
        for name, numbers in {
            "spread": [columns[i].spread for i in positive],
            "mean": [columns[i].centre for i in count],
            "code": [float(code) for _, code in one_hot],
            "step": [float(code) for _, code in steps],
        }.items():
            self.register_buffer(name, torch.tensor(numbers), persistent=False)
        self.plain_of: Tensor
        self.positive_of: Tensor
        self.count_of: Tensor
        self.one_hot_of: Tensor
        self.steps_of: Tensor
        self.owners_of: Tensor
        self.spread: Tensor
        self.mean: Tensor
        self.code: Tensor
        self.step: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """Features of `[*lead, D]`."""
        observed = ~x.isnan()
        # One lies in the support of every kind; what is made of it is left out below.
        filled = x.where(observed, 1.0)
        features = torch.cat(
            [
                filled[..., self.plain_of],
                filled[..., self.positive_of].clamp_min(_TINY).log() / self.spread,
                torch.log1p(filled[..., self.count_of].clamp_min(0)) - torch.log1p(self.mean.exp()),
                1 - (filled[..., self.one_hot_of] - self.code).abs().clamp_max(1),
                (filled[..., self.steps_of] - self.step).clamp(0, 1),
            ],
            dim=-1,
        )
        features = features.where(observed[..., self.owners_of], 0.0)
        return torch.cat([features, observed.to(x.dtype)], dim=-1) if self.missing else features

    def extra_repr(self) -> str:
        """What `print` shows."""
        return f"columns={self.width}, features={self.features}, missing={self.missing}"

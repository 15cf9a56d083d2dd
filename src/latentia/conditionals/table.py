"""The head over the columns of a table, one family a column, computed together where the family is the same."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli, Categorical, Distribution, LogNormal, Normal
from torch.nn.functional import logsigmoid, softplus

from latentia.columns import KINDS, Column, ColumnKind
from latentia.conditionals.likelihoods import GAIN
from latentia.distributions import at_least_float32, smooth_bound
from latentia.distributions.counts import NegativeBinomial
from latentia.distributions.table import Block, Table
from latentia.names import LikelihoodName, Scale, Space

_FURTHEST = 20.0
"""Bound of logarithms of positive numbers and rates, in their own spreads: what an exponential could overflow at."""
_LEAST_GAP = 1e-3
"""Least distance between two neighbouring thresholds of an order."""


class _Family(nn.Module):
    """Columns of one kind: how many features they read, and the block they make of them."""

    fill = 0.0

    def __init__(self, index: Sequence[int], features: int) -> None:
        super().__init__()
        self.features = features
        self.register_buffer("index", torch.tensor(index, dtype=torch.long), persistent=False)
        self.index: Tensor

    def forward(self, features: Tensor) -> Block:
        """The block of columns given `[*lead, features]`."""
        return Block(self.index, self.base(features), self.fill)

    def base(self, features: Tensor) -> Distribution:
        raise NotImplementedError


class _Spread(_Family):
    """Columns with a location and a log-scale, learned for each column or predicted."""

    LOW, HIGH = -8.0, 8.0

    def __init__(self, index: Sequence[int], *, scale: Scale, sigma: float) -> None:
        super().__init__(index, len(index) * (2 if scale == "predicted" else 1))
        self.initial = math.log(sigma)
        if scale != "predicted":
            self.raw_log_scale = nn.Parameter(torch.zeros(len(index)))

    def location_and_scale(self, features: Tensor) -> tuple[Tensor, Tensor]:
        loc, *predicted = features.split(len(self.index), dim=-1)
        raw = predicted[0] if predicted else GAIN * self.raw_log_scale
        return loc, smooth_bound(self.initial + raw, self.LOW, self.HIGH).exp().expand_as(loc)


class _Real(_Spread):
    def base(self, features: Tensor) -> Distribution:
        return Normal(*self.location_and_scale(features), validate_args=False)


class _Positive(_Spread):
    """log x is Gaussian, in the spread of the training rows' logarithms; x is in units of their geometric mean."""

    HIGH = 1.0
    fill = 1.0

    def __init__(self, index: Sequence[int], columns: Sequence[Column], *, scale: Scale, sigma: float) -> None:
        super().__init__(index, scale=scale, sigma=sigma)
        spread = torch.tensor([column.spread for column in columns])
        self.register_buffer("spread", spread, persistent=False)
        self.spread: Tensor

    def base(self, features: Tensor) -> Distribution:
        loc, scale = self.location_and_scale(features)
        loc = smooth_bound(loc, -_FURTHEST, _FURTHEST)
        return LogNormal(self.spread * loc, self.spread * scale, validate_args=False)


class _Count(_Family):
    LOW, HIGH = -12.0, 12.0

    def __init__(self, index: Sequence[int], columns: Sequence[Column]) -> None:
        super().__init__(index, len(index))
        self.register_buffer("log_rate", torch.tensor([column.centre for column in columns]), persistent=False)
        self.log_rate: Tensor
        self.raw_log_dispersion = nn.Parameter(torch.zeros(len(index)))

    def base(self, features: Tensor) -> Distribution:
        log_mean = self.log_rate + smooth_bound(features, -_FURTHEST, _FURTHEST)
        log_dispersion = smooth_bound(GAIN * self.raw_log_dispersion, self.LOW, self.HIGH)
        return NegativeBinomial(log_mean, log_dispersion)


class _Binary(_Family):
    def __init__(self, index: Sequence[int]) -> None:
        super().__init__(index, len(index))

    def base(self, features: Tensor) -> Distribution:
        return Bernoulli(logits=features, validate_args=False)


class _Categorical(_Family):
    """Log-odds laid out as a rectangle, columns by codes; the codes that a column does not have get -inf."""

    def __init__(self, index: Sequence[int], columns: Sequence[Column]) -> None:
        sizes = [column.size for column in columns]
        super().__init__(index, sum(sizes))
        ends = torch.tensor(sizes).cumsum(0)
        code = torch.arange(max(sizes))
        absent = code >= torch.tensor(sizes)[:, None]
        place = (ends - torch.tensor(sizes))[:, None] + code
        self.register_buffer("absent", absent, persistent=False)
        self.register_buffer("place", place.masked_fill(absent, 0), persistent=False)
        self.absent: Tensor
        self.place: Tensor

    def base(self, features: Tensor) -> Distribution:
        logits = features[..., self.place].masked_fill(self.absent, -math.inf)
        return Categorical(logits=logits, validate_args=False)


class _Ordinal(_Family):
    r"""Codes with an order: \(P(x \le c) = \sigma(t_c - h)\) with a location h and rising thresholds of the column.

    At first the thresholds make all codes equally probable at h = 0.

    References:
        McCullagh, Regression models for ordinal data, 1980, doi:10.1111/j.2517-6161.1980.tb01109.x.
    """

    def __init__(self, index: Sequence[int], columns: Sequence[Column]) -> None:
        super().__init__(index, len(index))
        sizes = torch.tensor([column.size for column in columns])
        code = torch.arange(int(sizes.max()))
        even = torch.logit(((code[1:]) / sizes[:, None]).clamp(1e-3, 1 - 1e-3))
        gaps = (even.diff(dim=-1) - _LEAST_GAP).clamp_min(_LEAST_GAP)
        for name, tensor in {
            "first": even[:, :1],
            "gaps": gaps + torch.log(-torch.expm1(-gaps)),  # what softplus turns into the gaps
            "absent": code >= sizes[:, None],
            "last": code[:-1] >= sizes[:, None] - 1,
        }.items():
            self.register_buffer(name, tensor, persistent=False)
        self.first: Tensor
        self.gaps: Tensor
        self.absent: Tensor
        self.last: Tensor
        self.raw_first = nn.Parameter(torch.zeros_like(even[:, :1]))
        self.raw_gaps = nn.Parameter(torch.zeros_like(gaps)) if gaps.numel() else None

    def thresholds(self) -> Tensor:
        """`[J, C - 1]`, rising; +inf from the last code of a column on."""
        steps = [self.first + GAIN * self.raw_first]
        if self.raw_gaps is not None:
            steps.append(softplus(self.gaps + GAIN * self.raw_gaps) + _LEAST_GAP)
        return torch.cat(steps, -1).cumsum(-1).masked_fill(self.last, math.inf)

    def base(self, features: Tensor) -> Distribution:
        inner = self.thresholds()
        edge = inner.new_full((len(inner), 1), math.inf)
        upper, lower = torch.cat([inner, edge], -1), torch.cat([-edge, inner], -1)
        h = features[..., None]
        # log(s(u - h) - s(l - h)) without cancellation; the gap u - l does not depend on h.
        gap = (upper - lower).masked_fill(self.absent, math.inf)
        logits = logsigmoid(upper - h) + logsigmoid(h - lower) + torch.log(-torch.expm1(-gap))
        return Categorical(logits=logits.masked_fill(self.absent, -math.inf), validate_args=False)


class TableHead(nn.Module):
    """One family for each column of a table.

    Real columns have a Gaussian whose scale is learned for each, positive ones a log-normal likewise; binary columns a
    Bernoulli; counts a negative binomial whose dispersion is learned for each; categories a categorical; an order a
    cumulative logit. Columns of a kind are computed together.

    Args:
        columns: D of them, with the statistics of the training rows.
        scale: `per_dimension` learns a scale for each real or positive column; `predicted` lets the decoder give it.
        sigma: The scale to start from, in the spread of the column.

    References:
        Nazabal, Olmos, Ghahramani, Valera, Handling incomplete heterogeneous data using VAEs, 2020, arXiv:1807.03653.
    """

    family: LikelihoodName = "table"
    space: Space = "mixed"
    factorised = True

    def __init__(self, columns: Sequence[Column], *, scale: Scale = "per_dimension", sigma: float = 0.3) -> None:
        super().__init__()
        self.event_shape = torch.Size([len(columns)])
        make: dict[ColumnKind, Callable[[list[int], list[Column]], _Family]] = {
            "real": lambda index, _: _Real(index, scale=scale, sigma=sigma),
            "positive": lambda index, chosen: _Positive(index, chosen, scale=scale, sigma=sigma),
            "count": _Count,
            "binary": lambda index, _: _Binary(index),
            "categorical": _Categorical,
            "ordinal": _Ordinal,
        }
        families = []
        for kind in KINDS:
            index = [i for i, column in enumerate(columns) if column.kind == kind]
            if index:
                families.append(make[kind](index, [columns[i] for i in index]))
        self.families = nn.ModuleList(families)
        self.sizes = [family.features for family in families]

    @property
    def parameter_shape(self) -> tuple[int, ...]:
        """Shape of the decoder's output for one row: as many numbers as the families read."""
        return (sum(self.sizes),)

    def forward(self, features: Tensor) -> Distribution:
        """p(x | features)."""
        parts = at_least_float32(features).split(self.sizes, dim=-1)
        return Table([cast(Block, family(part)) for family, part in zip(self.families, parts, strict=True)])

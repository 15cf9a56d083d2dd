"""Rows of a table against torch's own families, cell by cell, and what missing cells do to them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.distributions import Bernoulli, Categorical, LogNormal, NegativeBinomial, Normal

from latentia.columns import Column
from latentia.conditionals.table import TableHead
from latentia.distributions.table import Table
from latentia.names import Scale
from tests.exact.mutants import killed, z_score

F64 = torch.float64
COLUMNS = (
    Column("grade", "ordinal", 4),
    Column("size", "real"),
    Column("colour", "categorical", 5),
    Column("price", "positive", centre=2.0, spread=0.75),
    Column("visits", "count", centre=0.875),
    Column("member", "binary"),
    Column("weight", "real"),
    Column("shape", "categorical", 2),
    Column("rank", "ordinal", 2),
)
K, B = 3, 4


def head(scale: Scale = "per_dimension") -> TableHead:
    torch.manual_seed(0)
    made = TableHead(COLUMNS, scale=scale).double()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.03 * torch.randn_like(parameter))
    return made


def rows(num: int = B) -> Tensor:
    """Values of every kind, none missing."""
    torch.manual_seed(1)
    columns = [
        torch.randint(0, 4, (num,)),
        torch.randn(num),
        torch.randint(0, 5, (num,)),
        torch.randn(num).exp(),
        torch.poisson(torch.full((num,), 2.5)),
        torch.randint(0, 2, (num,)),
        torch.randn(num),
        torch.randint(0, 2, (num,)),
        torch.randint(0, 2, (num,)),
    ]
    return torch.stack([column.double() for column in columns], dim=1)


def made(scale: Scale = "per_dimension") -> tuple[TableHead, Tensor, Table]:
    built = head(scale)
    torch.manual_seed(2)
    features = torch.randn(K, B, *built.parameter_shape, dtype=F64)
    px = built(features)
    assert isinstance(px, Table)
    return built, features, px


def expected_cells(built: TableHead, features: Tensor, x: Tensor, *, predicted: bool) -> Tensor:
    """Every cell by one of torch's families alone, in a loop over the columns: the slow way round."""
    parts: dict[str, Any] = dict(
        zip(("real", "positive", "count", "binary", "categorical", "ordinal"), built.families, strict=True)
    )
    slices = dict(zip(parts, features.split(built.sizes, dim=-1), strict=True))
    seen = dict.fromkeys(parts, 0)
    cells: list[Tensor] = []
    for i, column in enumerate(COLUMNS):
        j, f, family = seen[column.kind], slices[column.kind], parts[column.kind]
        seen[column.kind] += 1
        value = x[:, i]
        match column.kind:
            case "real" | "positive":
                half = f.shape[-1] // 2 if predicted else f.shape[-1]
                raw = f[..., half + j] if predicted else 10 * family.raw_log_scale[j]
                loc = f[..., j]
                low, high = family.LOW, family.HIGH
                centre, half_width = (low + high) / 2, (high - low) / 2
                offset = math.log(0.3) + raw - centre
                sigma = (centre + offset / (1 + (offset / half_width) ** 2).sqrt()).exp()
                if column.kind == "real":
                    cells.append(Normal(loc, sigma).log_prob(value))
                else:
                    bounded = loc / (1 + (loc / 20) ** 2).sqrt()
                    cells.append(LogNormal(0.75 * bounded, 0.75 * sigma).log_prob(value))
            case "count":
                log_mean = 0.875 + f[..., j] / (1 + (f[..., j] / 20) ** 2).sqrt()
                raw_r = 10 * family.raw_log_dispersion[j]
                log_r = raw_r / (1 + (raw_r / 12) ** 2).sqrt()
                cells.append(NegativeBinomial(log_r.exp(), logits=log_mean - log_r).log_prob(value))
            case "binary":
                cells.append(Bernoulli(logits=f[..., j]).log_prob(value))
            case "categorical":
                start = 0 if j == 0 else 5
                cells.append(Categorical(logits=f[..., start : start + column.size]).log_prob(value))
            case "ordinal":
                inner = family.thresholds()[j][: column.size - 1]
                below = torch.sigmoid(inner - f[..., j, None])
                edges = torch.cat([torch.zeros_like(below[..., :1]), below, torch.ones_like(below[..., :1])], -1)
                cells.append(Categorical(probs=edges.diff(dim=-1)).log_prob(value))
    return torch.stack([cell.expand(K, B) for cell in cells], dim=-1)


@pytest.mark.parametrize("scale", ["per_dimension", "predicted"])
def test_a_row_is_the_sum_of_torchs_families(scale: Scale) -> None:
    built, features, px = made(scale)
    x = rows()
    cells = expected_cells(built, features, x, predicted=scale == "predicted")
    torch.testing.assert_close(px.log_prob_of_cells(x), cells, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(px.log_prob(x), cells.sum(-1), rtol=1e-10, atol=1e-10)
    assert px.batch_shape == (K, B)
    assert px.event_shape == (len(COLUMNS),)


def gaps_are_marginals(log_prob: Callable[[Table, Tensor], Tensor]) -> None:
    _, _, px = made()
    x = rows()
    cells = px.log_prob_of_cells(x)
    gaps = torch.rand(x.shape, generator=torch.Generator().manual_seed(3)) < 0.4
    gaps[0], gaps[1] = True, False
    holed = x.masked_fill(gaps, torch.nan)
    found = log_prob(px, holed)
    torch.testing.assert_close(found, (cells * ~gaps).sum(-1), rtol=1e-12, atol=1e-12)
    assert (found[:, 0] == 0).all()
    torch.testing.assert_close(found[:, 1], px.log_prob(x)[:, 1], rtol=0, atol=0)


def test_missing_cells_are_left_out() -> None:
    gaps_are_marginals(lambda px, x: px.log_prob(x))
    gaps_are_marginals(lambda px, x: px.observed().log_prob(x))


def test_mutants_of_missing_cells() -> None:
    with killed():  # filled with zeros and scored
        gaps_are_marginals(lambda px, x: px.log_prob(x.nan_to_num(1.0)))
    with killed():  # the mean over the observed cells in place of their sum
        gaps_are_marginals(lambda px, x: px.log_prob(x) / (~x.isnan()).sum(-1).clamp_min(1))


def test_the_marginal_of_a_missing_code_sums_the_rest_over_its_categories() -> None:
    _, _, px = made()
    x = rows()
    total = torch.stack([px.log_prob(_with(x, 2, float(code))) for code in range(5)]).logsumexp(0)
    torch.testing.assert_close(px.log_prob(_with(x, 2, math.nan)), total)


def _with(x: Tensor, column: int, value: float) -> Tensor:
    changed = x.clone()
    changed[:, column] = value
    return changed


def test_gaps_send_no_gradient_and_no_nan() -> None:
    built, features, _ = made()
    features.requires_grad_()
    x = rows()
    x[:, [0, 1, 3, 4]] = torch.nan
    built(features).log_prob(x).sum().backward()
    assert features.grad is not None
    assert features.grad.isfinite().all()
    real, positive, count, binary, categorical, ordinal = features.grad.split(built.sizes, -1)
    assert (real[..., 0] == 0).all() and (positive == 0).all() and (count == 0).all() and (ordinal[..., 0] == 0).all()  # noqa: PT018 -- one claim
    assert (real[..., 1] != 0).all()
    assert (categorical != 0).all()
    assert (binary != 0).all()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in built.parameters())


def test_samples_follow_the_densities() -> None:
    built, features, _ = made()
    with torch.no_grad():
        px = built(features)
    assert isinstance(px, Table)
    torch.manual_seed(4)
    drawn = px.sample(torch.Size([20_000]))
    assert drawn.shape == (20_000, K, B, len(COLUMNS))
    assert not drawn.isnan().any()
    mean = px.mean
    for i, column in enumerate(COLUMNS):
        each = drawn[:, 0, 0, i]
        if column.kind == "positive":
            assert abs(z_score(each.log(), float(_block(px, i).base.loc[0, 0, 0]))) < 5  # type: ignore[attr-defined]
        elif not column.coded:
            assert abs(z_score(each, float(mean[0, 0, i]))) < 5, column
        else:
            assert set(each.unique().tolist()) <= set(range(column.size))
            given = [px.log_prob_of_cells(_with(rows(), i, float(code))) for code in range(column.size)]
            probs = torch.stack([cells[0, 0, i] for cells in given]).exp()
            torch.testing.assert_close(probs.sum(), torch.ones((), dtype=F64))
            for code in range(column.size):
                assert abs(z_score((each == code).double(), float(probs[code]))) < 5, column
            assert mean[0, 0, i] == probs.argmax()


def _block(px: Table, column: int) -> object:
    return next(block for block in px.blocks if column in block.index.tolist())


def test_expanding_repeats_the_row() -> None:
    _, _, px = made()
    wide = px.expand(torch.Size([7, K, B]))
    assert wide.batch_shape == (7, K, B)
    torch.testing.assert_close(wide.log_prob(rows()), px.log_prob(rows()).expand(7, K, B))
    assert wide.mean.shape == (7, K, B, len(COLUMNS))


def test_an_order_starts_with_codes_equally_probable() -> None:
    built = TableHead([Column("a", "ordinal", 7), Column("b", "ordinal", 2)]).double()
    px = built(torch.zeros(1, 1, 2, dtype=F64))
    for i, size in ((0, 7), (1, 2)):
        for code in range(size):
            cell = px.log_prob_of_cells(torch.full((1, 2), min(code, size - 1), dtype=F64))[0, 0, i]
            assert cell.exp().item() == pytest.approx(1 / size, rel=1e-6)


def test_far_features_give_finite_densities_and_gradients_in_float32() -> None:
    built = head().float()
    for far in (-1e4, 1e4):
        features = torch.full((1, B, *built.parameter_shape), far, requires_grad=True)
        px = built(features)
        total = px.log_prob(rows().float()).sum()
        total.backward()
        assert total.isfinite()
        assert features.grad is not None
        assert features.grad.isfinite().all()
        assert px.mean.isfinite().all()

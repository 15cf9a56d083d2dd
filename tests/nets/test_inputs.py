"""What stands before an encoder: laws of counts, codes and gaps."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn.functional import one_hot

from latentia.nets.inputs import LogCounts, Masked, TableInputs
from latentia.recipes.inputs import inputs
from latentia.recipes.parts import Parts
from tests.ledger import COUNTS, GAPS, LEVELS, REAL, REAL_GAPS, TABLE, UNIT_GAPS, Instance

F64 = torch.float64


def test_counts_are_read_as_logarithms() -> None:
    x = torch.tensor([0.0, 1.0, 1e6], dtype=F64)
    assert torch.equal(LogCounts()(x), torch.log1p(x))


@pytest.mark.parametrize("shape", [(5,), (3, 4, 2)])
def test_values_and_their_mask_stand_beside_one_another(shape: tuple[int, ...]) -> None:
    x = torch.randn(7, *shape, dtype=F64)
    gaps = torch.rand(x.shape) < 0.4
    out = Masked(len(shape))(x.masked_fill(gaps, torch.nan))
    values, mask = out.chunk(2, dim=1)
    assert torch.equal(values, x.masked_fill(gaps, 0.0))
    assert torch.equal(mask, (~gaps).double())
    assert torch.equal(Masked(len(shape))(x), torch.cat([x, torch.ones_like(x)], 1))


def test_a_gap_is_zero_after_whatever_the_values_pass_through() -> None:
    class Shift(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + 5

    assert Masked(1, Shift())(torch.tensor([[1.0, torch.nan]])).tolist() == [[6.0, 0.0, 1.0, 0.0]]


def test_columns_become_features_of_their_kind() -> None:
    assert TABLE.columns is not None
    made = TableInputs(TABLE.columns, missing=False).double()
    x = Instance("table_vae", TABLE, {}).batch(50)
    features = made(x)
    real, binary, positive, count, codes, steps = features.split([1, 1, 1, 1, 3, 3], dim=-1)
    assert made.features == features.shape[-1] == 10
    assert torch.equal(real[:, 0], x[:, 0])
    assert torch.equal(binary[:, 0], x[:, 3])
    torch.testing.assert_close(positive[:, 0], x[:, 1].log() / 0.5)
    torch.testing.assert_close(count[:, 0], torch.log1p(x[:, 2]) - torch.log1p(torch.tensor(0.4).exp()).double())
    assert torch.equal(codes, one_hot(x[:, 4].long(), 3).double())
    assert torch.equal(steps, (x[:, 5:] > torch.arange(3)).double())


def test_every_gap_is_zero_and_marked() -> None:
    assert TABLE.columns is not None
    with_mask = TableInputs(TABLE.columns, missing=True).double()
    assert with_mask.features == 16
    x = Instance("table_vae", TABLE, {}).batch(6)
    complete = with_mask(x)
    assert (complete[:, 10:] == 1).all()
    owners = torch.tensor([0, 3, 1, 2, 4, 4, 4, 5, 5, 5])
    for column in range(6):
        holed = x.clone()
        holed[:, column] = torch.nan
        features = with_mask(holed)
        kept = torch.cat([owners != column, torch.arange(6) != column])
        assert torch.equal(features[:, kept], complete[:, kept])
        assert (features[:, ~kept] == 0).all()


def test_a_gradient_passes_between_codes() -> None:
    assert TABLE.columns is not None
    x = torch.full((1, 6), 1.3, dtype=F64, requires_grad=True)
    TableInputs(TABLE.columns, missing=True).double()(x).square().sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()
    assert (x.grad != 0).all()


def test_what_is_built_follows_from_the_data_and_the_likelihood() -> None:
    def kind(before: nn.Module | None) -> str:
        return "" if before is None else type(before).__name__

    for data, parts, expected, shape in (
        (REAL, Parts(), "", (7,)),
        (LEVELS, Parts(), "", (1, 8, 8)),
        (LEVELS, Parts(likelihood="poisson"), "LogCounts", (1, 8, 8)),
        (COUNTS, Parts(), "LogCounts", (6,)),
        (COUNTS, Parts(likelihood="gaussian"), "", (6,)),
        (REAL_GAPS, Parts(), "Masked", (14,)),
        (UNIT_GAPS, Parts(), "Masked", (2, 4, 4)),
        (replace(COUNTS, missing=0.1), Parts(), "Masked", (12,)),
        (TABLE, Parts(), "TableInputs", (10,)),
        (GAPS, Parts(), "TableInputs", (16,)),
    ):
        before, size = inputs(data, parts)
        assert (kind(before), size) == (expected, shape)


def test_weights_are_all_there_is_to_save() -> None:
    model, _ = Instance("table_vae", GAPS, {"latent_dim": 2, "hidden": (4,)}).build()
    assert set(model.state_dict()) == {name for name, _ in model.named_parameters()} | {
        name for name in model.state_dict() if name.startswith("walk.")
    }

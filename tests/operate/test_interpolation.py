"""Ways between rows: their ends are reconstructions, their middle is where the geometry says."""

from __future__ import annotations

import pytest
import torch

from latentia.errors import CompatibilityError, ConfigurationError
from latentia.operate import How, interpolate
from tests.ledger import Instance
from tests.operate.models import ALL, FLAT, TABLE, TOP_DOWN, model_of, rows_of

CLOSE = 1e-5
"""Rows of another batch differ by rounding."""


@pytest.mark.parametrize("how", ["linear", "spherical"])
@pytest.mark.parametrize("instance", ALL, ids=lambda each: each.id)
def test_ends_are_reconstructions(instance: Instance, how: How) -> None:
    model, x = model_of(instance), rows_of(instance, 4)
    path = interpolate(model, x[:2], x[2:], steps=5, how=how)
    assert path.shape == (2, 5, *instance.data.shape)
    codes = model.encode(x)
    torch.testing.assert_close(path[:, 0], model.decode(codes[:2]), rtol=CLOSE, atol=CLOSE)
    torch.testing.assert_close(path[:, -1], model.decode(codes[2:]), rtol=CLOSE, atol=CLOSE)
    assert torch.equal(path, interpolate(model, x[:2], x[2:], steps=5, how=how))


def test_the_middle_of_a_line_decodes_the_mean_of_the_codes() -> None:
    model = model_of(TABLE)
    a, b = torch.tensor([[1.0, 0.0, 2.0]]), torch.tensor([[0.0, 4.0, -2.0]])
    path = interpolate(model, a, b, steps=3, codes=True)
    torch.testing.assert_close(path[0, 1], model.decode([[0.5, 2.0, 0.0]])[0])


def test_the_middle_of_an_arc_keeps_the_length_of_each_group() -> None:
    model = model_of(TOP_DOWN)  # z1 has 2 dimensions, z2 has 3
    a = torch.tensor([[2.0, 0.0, 1.0, 0.0, 0.0]])
    b = torch.tensor([[0.0, 2.0, 0.0, 1.0, 0.0]])
    path = interpolate(model, a, b, steps=3, how="spherical", codes=True)
    half = 0.5**0.5
    torch.testing.assert_close(path[0, 1], model.decode([[2 * half, 2 * half, half, half, 0.0]])[0])


def test_what_cannot_be_interpolated_is_refused() -> None:
    model, x = model_of(FLAT), rows_of(FLAT, 3)
    with pytest.raises(ConfigurationError, match="steps is 1"):
        interpolate(model, x, x, steps=1)
    with pytest.raises(ConfigurationError, match="linear and spherical"):
        interpolate(model, x, x, how="circular")  # type: ignore[arg-type] # on purpose
    with pytest.raises(CompatibilityError, match="2 starts and 1 ends"):
        interpolate(model, x[:2], x[:1])
    with pytest.raises(CompatibilityError, match=r"this model has \(N, 3\)"):
        interpolate(model, torch.zeros(1, 4), torch.zeros(1, 4), codes=True)
    with pytest.raises(CompatibilityError, match="row 0, column 1"):
        interpolate(model, torch.tensor([[0.0, torch.nan, 0.0]]), torch.zeros(1, 3), codes=True)

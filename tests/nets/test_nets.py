"""Networks: shapes at every size, and what they promise about resizing and starting points."""

from __future__ import annotations

import pytest
import torch

from latentia.nets import MLP, ConvDecoder, ConvEncoder
from latentia.nets.conv import ResidualBlock, pyramid


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 3), (8, 8), (28, 28), (33, 17), (64, 64)])
@pytest.mark.parametrize("channels", [1, 3])
def test_convolutions_take_any_size(size: tuple[int, int], channels: int) -> None:
    shape = (channels, *size)
    x = torch.randn(2, 3, *shape)
    features = ConvEncoder(shape, 11, width=4)(x)
    assert features.shape == (2, 3, 11)
    out = ConvDecoder(11, (2, *shape), width=4)(features)
    assert out.shape == (2, 3, 2, *shape)


def test_the_pyramid_halves_down_to_four() -> None:
    assert pyramid(64, 64) == [(64, 64), (32, 32), (16, 16), (8, 8), (4, 4)]
    assert pyramid(1, 1) == [(1, 1)]
    assert pyramid(5, 300)[-1] == (3, 150)


def test_a_residual_block_starts_as_the_identity() -> None:
    x = torch.randn(2, 8, 5, 5)
    torch.testing.assert_close(ResidualBlock(8)(x), x, rtol=0, atol=0)


def test_leading_dimensions_are_only_batch() -> None:
    net = ConvEncoder((1, 8, 8), 5, width=4)
    x = torch.randn(3, 2, 1, 8, 8)
    torch.testing.assert_close(net(x)[1], net(x[1]))
    mlp = MLP((1, 8, 8), (2, 3), (7,), norm=True)
    torch.testing.assert_close(mlp(x)[2, 1], mlp(x[2, 1]))


def test_an_mlp_without_hidden_layers_is_affine() -> None:
    net = MLP((4,), (3,)).double()
    a, b = torch.randn(4, dtype=torch.float64), torch.randn(4, dtype=torch.float64)
    torch.testing.assert_close(net(a) + net(b) - net(torch.zeros(4, dtype=torch.float64)), net(a + b))

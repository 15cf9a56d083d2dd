"""Noise on the encoder's input: how much of it, where, and only in training."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from latentia.names import Corruption
from latentia.nets import Corrupted
from latentia.objectives import Step
from tests.exact.mutants import killed, z_score
from tests.ledger import BINARY, LEVELS, REAL, SMALL, Instance

X = torch.rand(200, 50, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 0.5 + 0.25
"""Values that no noise sets an element to."""
KINDS: tuple[Corruption, ...] = ("masking", "gaussian", "salt_and_pepper")


def spoils_as_it_says(kind: Corruption, net: Callable[[Tensor], Tensor]) -> None:
    torch.manual_seed(0)
    out = net(X)
    changed = (out != X).double().flatten()
    if kind == "gaussian":
        noise = (out - X).flatten()
        assert abs(z_score(noise, 0.0)) < 5
        assert abs(z_score(noise.square(), 0.3**2)) < 5
        return
    assert abs(z_score(changed, 0.3)) < 5
    values = out[out != X]
    if kind == "masking":
        assert (values == 0).all()
    else:
        assert ((values == -1) | (values == 2)).all()
        assert abs(z_score((values == 2).double(), 0.5)) < 5


def corrupted(kind: Corruption, level: float = 0.3) -> Corrupted:
    return Corrupted(nn.Identity(), kind, level, low=-1.0, high=2.0)


@pytest.mark.parametrize("kind", KINDS)
def test_the_noise_has_the_level_and_the_values_it_says(kind: Corruption) -> None:
    spoils_as_it_says(kind, corrupted(kind))
    torch.testing.assert_close(corrupted(kind).eval()(X), X, rtol=0, atol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_mutants(kind: Corruption) -> None:
    with killed():
        spoils_as_it_says(kind, corrupted(kind, 0.35))
    with killed():  # evaluation mode
        spoils_as_it_says(kind, corrupted(kind).eval())
    with killed():  # another kind
        spoils_as_it_says(kind, corrupted(KINDS[(KINDS.index(kind) + 1) % 3]))


@pytest.mark.parametrize("data", [BINARY, LEVELS, REAL], ids=lambda data: str(data.support))
def test_the_likelihood_scores_the_clean_row(data: object) -> None:
    # With every element masked the code tells nothing of x, yet what is scored is x.
    instance = Instance("denoising", data, {**SMALL, "level": 1.0})  # type: ignore[arg-type] # from the list above
    model, objective = instance.build()
    x = instance.batch()
    blank = model.trace(torch.zeros_like(x)).px
    expected = blank.log_prob(x)[0]
    torch.testing.assert_close(objective(model, x, Step()).terms["reconstruction"], expected)
    model.eval()
    assert not torch.equal(objective(model, x, Step()).terms["reconstruction"], expected)


def test_salt_and_pepper_lie_at_the_ends_of_the_data() -> None:
    for data, ends in ((LEVELS, (0.0, 1.0)), (REAL, (-2.0, 2.0))):
        model, _ = Instance("denoising", data, {**SMALL, "noise": "salt_and_pepper"}).build()
        assert isinstance(model.encoder, Corrupted)
        assert (model.encoder.low, model.encoder.high) == ends

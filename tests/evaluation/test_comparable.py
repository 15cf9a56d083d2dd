"""Which log-likelihoods may be set side by side, and how the difference is measured."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch

from latentia.data.spec import DataSpec
from latentia.data_model import DataModel
from latentia.errors import DataError
from latentia.evaluation.comparable import family, paired_difference, why_not
from latentia.recipes import autoencoder, vae
from tests.exact.mutants import killed
from tests.ledger import COUNTS, LEVELS, REAL, TABLE


def model(data: DataSpec = LEVELS, **options: Any) -> DataModel:
    return DataModel(vae(data, latent_dim=2, hidden=(4,), **options)[0], data)


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ({}, {"likelihood": "bernoulli"}, "the first scores the grey values themselves, the second grey values drawn"),
        ({"likelihood": "bernoulli"}, {}, "the first scores grey values drawn as black and white, the second the grey"),
        ({}, {"likelihood": "gaussian"}, "the first scores probabilities, the second densities, which depend on the"),
        (
            {},
            {"likelihood": "categorical"},
            "of different families, discretized logistic and categorical: both give pr",
        ),
        (
            {"data": COUNTS, "likelihood": "multinomial"},
            {"data": COUNTS, "likelihood": "poisson"},
            "the first scores a row given its total, the second the total too",
        ),
        (
            {"data": COUNTS, "likelihood": "poisson"},
            {"data": COUNTS, "likelihood": "zero_inflated_poisson"},
            "poisson and zero-inflated poisson",
        ),
        ({"data": REAL}, {"data": REAL, "likelihood": "laplace"}, "gaussian and laplace: both give densities"),
        ({"data": TABLE}, {"data": replace(REAL, shape=(6,), mean=(0.0,) * 6, std=(1.0,) * 6)}, "different columns"),
        (
            {"data": LEVELS, "likelihood": "gaussian"},
            {"data": replace(LEVELS, unit=8.0, levels=9), "likelihood": "gaussian"},
            "per different units: 16 and 8",
        ),
    ],
)
def test_what_is_refused(one: dict[str, Any], other: dict[str, Any], reason: str) -> None:
    said = why_not(model(**one), model(**other))
    assert said is not None
    assert reason in said
    assert why_not(model(**one), model(**one)) is None
    # Only where both score the same thing do families alone stand between them.
    allowed = why_not(model(**one), model(**other), across_families=True) is None
    assert allowed == ("families" in said)


def test_how_a_scale_is_parameterised_makes_no_other_family() -> None:
    models = [model(REAL, scale=scale) for scale in ("fixed", "shared", "predicted", "optimal")]
    assert {family(each) for each in models} == {"gaussian"}
    assert all(why_not(models[0], each) is None for each in models)


def test_an_autoencoder_has_no_likelihood_to_compare() -> None:
    without = DataModel(autoencoder(REAL, latent_dim=2, hidden=(4,))[0], REAL)
    assert "the second model defines no likelihood" in str(why_not(model(REAL), without))
    assert "the first model defines no likelihood" in str(why_not(without, model(REAL), across_families=True))


def test_the_error_of_a_difference_is_that_of_the_pairs() -> None:
    a = torch.tensor([1.0, 5.0, 9.0, 2.0], dtype=torch.float64)
    b = torch.tensor([0.0, 4.5, 7.0, 2.5], dtype=torch.float64)
    mean, error = paired_difference(a, b)
    assert mean == pytest.approx(0.75)
    assert error == pytest.approx(math.sqrt((0.0625 + 0.0625 + 1.5625 + 1.5625) / 3 / 4))
    with killed():  # the mutant: two independent means
        assert error == pytest.approx(math.sqrt(float(a.var() + b.var()) / 4))
    assert math.isnan(paired_difference(a[:1], b[:1])[1])
    with pytest.raises(DataError, match="of the same rows"):
        paired_difference(a, b[:3])


def test_the_error_of_a_difference_is_that_of_sampling() -> None:
    """The spread of 2,000 means is known to 1.6%: an error off by 8% would show at five sigma."""
    generator = torch.Generator().manual_seed(0)
    common = 10 * torch.randn(2000, 50, generator=generator, dtype=torch.float64)
    a = common + torch.randn(2000, 50, generator=generator, dtype=torch.float64)
    b = common + torch.randn(2000, 50, generator=generator, dtype=torch.float64)
    found = [paired_difference(x, y) for x, y in zip(a, b, strict=True)]
    spread = torch.tensor([mean for mean, _ in found]).std()
    errors = torch.tensor([error for _, error in found]).square().mean().sqrt()
    assert float(errors) == pytest.approx(float(spread), rel=0.08)

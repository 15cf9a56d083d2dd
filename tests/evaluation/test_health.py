"""The health of a code: what is active, what PCA expects, and that each fault is named with a remedy."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from latentia.conditionals import DiagonalNormal
from latentia.data import Resident
from latentia.data_model import DataModel
from latentia.errors import ConfigurationError, DataError
from latentia.evaluation.expected_units import ExpectedUnits, expected_after, expected_before, spectrum
from latentia.evaluation.health import latent_health
from latentia.evaluation.latent_health import perplexity
from latentia.inference.linear_gaussian import active_dimensions, fit_by_eigendecomposition
from latentia.recipes import autoencoder, top_down, vae
from tests.evaluation.test_streaming import _AsIs
from tests.exact.mutants import killed
from tests.ledger import BINARY, COUNTS, GAPS, REAL, Instance, spec

EIGENVALUES = torch.tensor([9.0, 4.0, 2.0, 0.6, 0.4, 0.2], dtype=torch.float64)


def rows_of(eigenvalues: Tensor = EIGENVALUES, num: int = 400) -> Tensor:
    """Rows whose covariance over N has exactly these eigenvalues, in a rotated basis."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(num, len(eigenvalues), generator=generator, dtype=torch.float64)
    x = x - x.mean(0)
    white = x @ torch.linalg.inv(torch.linalg.cholesky(x.T @ x / num)).T
    turned = torch.linalg.qr(torch.randn(6, 6, generator=generator, dtype=torch.float64)).Q
    rows: Tensor = white * eigenvalues.sqrt() @ turned.T
    return rows


def fitted(dim: int) -> DataModel:
    """Probabilistic PCA of greatest likelihood as a VAE, over rows in float64."""
    data = replace(spec((6,), "real"), dtype="float64")
    return DataModel(fit_by_eigendecomposition(rows_of(), dim).vae(), data, _AsIs(data, "real"))


def counts_by_the_law(expected: ExpectedUnits | None, beta: float, variance: float, size: int) -> None:
    assert expected is not None
    assert expected.variance == pytest.approx(variance)
    assert expected.count == min(size, int((beta * variance < EIGENVALUES).sum()))


@pytest.mark.parametrize("size", [2, 4])
@pytest.mark.parametrize("beta", [1.0, 3.0, 20.0])
def test_5_the_expected_number_is_that_of_the_collapse_law(size: int, beta: float) -> None:
    model, source = fitted(size), Resident(rows_of())
    noise = float(EIGENVALUES[size:].mean())
    counts_by_the_law(expected_before(model, source, beta=beta), beta, noise, size)
    counts_by_the_law(expected_after(model, source, beta=beta), beta, noise, size)
    counts_by_the_law(expected_before(model, source, beta=beta, variance=0.5), beta, 0.5, size)
    with killed():  # beta forgotten
        counts_by_the_law(expected_before(model, source, variance=0.5), 20.0, 0.5, size)
    with killed():  # the standard deviation in place of the variance
        counts_by_the_law(expected_before(model, source, beta=20.0, variance=0.5**0.5), 20.0, 0.5, size)


def test_the_spectrum_is_that_of_the_covariance_from_either_side() -> None:
    torch.testing.assert_close(spectrum(rows_of()), EIGENVALUES)
    wide = torch.randn(5, 30, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    expected = torch.linalg.eigvalsh(torch.cov(wide.T, correction=0)).flip(0)
    torch.testing.assert_close(spectrum(wide), expected, rtol=0, atol=1e-9)
    assert active_dimensions(spectrum(wide), 1.0, 1e-6) == 4


def test_a_healthy_code_has_its_parts_named() -> None:
    found = latent_health(fitted(3), Resident(rows_of()))
    assert (found.active_units, found.latent_dim, found.expected_after, found.num_examples) == (3, 3, 3, 400)
    assert not found.collapsed
    assert found.kl is not None
    assert found.kl_per_dim is not None
    assert sum(found.kl_per_dim) == pytest.approx(found.kl)
    assert found.kl_per_group is not None
    assert found.kl_per_group["z"] == pytest.approx(found.kl)
    assert "3 of 3" in found.verdict
    assert found.noise_from == "the likelihood"
    assert found == latent_health(fitted(3), Resident(rows_of()))


def collapsed_model(low: float = 0.0) -> DataModel:
    """A posterior that is the prior, or one whose scales are all at their lower bound."""
    model = DataModel(vae(REAL, latent_dim=2, hidden=(8,))[0], REAL)
    head = model.vae.latents.groups[0].q  # type: ignore[attr-defined] # a LatentGroup
    assert isinstance(head, DiagonalNormal)
    with torch.no_grad():
        head.linear.weight.zero_()
        head.linear.bias.zero_()
        head.linear.bias[2:] = low
    return model


def test_collapse_and_saturation_are_named_with_a_remedy() -> None:
    source = Resident(torch.randn(50, 7, generator=torch.Generator().manual_seed(0)))
    found = latent_health(collapsed_model(), source)
    assert found.collapsed
    assert found.active_units == 0
    assert "collapsed" in found.verdict
    assert "free_bits" in found.advice
    tight = latent_health(collapsed_model(-1e4), source)
    assert tight.saturation == pytest.approx(1.0)
    assert "at their bounds" in tight.verdict
    assert not tight.collapsed


def test_fewer_dimensions_than_the_data_pay_for_is_said() -> None:
    source = Resident(10 * torch.randn(50, 7, generator=torch.Generator().manual_seed(0)))
    model = collapsed_model(-2.0)
    assert "fewer than the data pay for" in latent_health(model, source).advice


def test_groups_spheres_and_categories() -> None:
    source = Resident(torch.randn(60, 7, generator=torch.Generator().manual_seed(0)))
    deep = latent_health(DataModel(top_down(REAL, latent_dim=3, top_dim=2, hidden=(8,))[0], REAL), source)
    assert deep.kl_per_group is not None
    assert len(deep.kl_per_group) == 2
    assert sum(deep.kl_per_group.values()) == pytest.approx(deep.kl)
    sphere = latent_health(DataModel(vae(REAL, latent_dim=3, hidden=(8,), posterior="sphere")[0], REAL), source)
    assert sphere.concentration is not None
    low, middle, high = sphere.concentration
    assert 0 < low <= middle <= high
    options = {"latent_dim": 2, "hidden": (8,), "posterior": "categorical", "categories": 5}
    codes = Resident(torch.randint(0, 2, (60, *BINARY.shape), dtype=torch.uint8))
    hard = latent_health(DataModel(Instance("vimco", BINARY, options).build()[0].float(), BINARY), codes)
    assert hard.perplexity is not None
    assert all(1 <= value <= 5 for value in hard.perplexity)
    assert hard.dead_categories is not None


def test_perplexity_counts_what_is_used() -> None:
    assert perplexity(torch.tensor([0.25, 0.25, 0.25, 0.25])).item() == pytest.approx(4)
    assert perplexity(torch.tensor([0.9, 0.1])).item() == pytest.approx(math.exp(0.325083), rel=1e-4)


def test_what_has_no_expectation_or_no_prior() -> None:
    source = Resident(torch.randn(30, 7))
    plain = latent_health(DataModel(autoencoder(REAL, latent_dim=2, hidden=(8,))[0], REAL), source)
    assert (plain.kl, plain.expected_before, plain.kl_per_dim, plain.collapsed) == (None, None, None, False)
    assert "no prior" in plain.verdict
    for data in (GAPS, COUNTS):
        model = DataModel(Instance("vae", data, {"latent_dim": 2, "hidden": (8,)}).build()[0].float(), data)
        assert expected_before(model, Resident(torch.ones(4, 6))) is None
        assert expected_after(model, Resident(torch.ones(4, 6))) is None
    model = fitted(2)
    with pytest.raises(ConfigurationError, match="beta"):
        expected_before(model, Resident(rows_of()), beta=0.0)
    constant = expected_before(model, Resident(torch.ones(5, 6, dtype=torch.float64)))
    assert constant is not None
    assert constant.count == 0
    with pytest.raises(DataError, match="no rows"):
        latent_health(model, _Empty())


class _Empty(Resident):
    def __init__(self) -> None:
        self.x = torch.empty(0, 6)
        self.labels = None

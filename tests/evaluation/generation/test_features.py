"""Features: the values on one scale, an encoder, a trained classifier, any module; and what none of them takes."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from latentia.data import load_data
from latentia.data_model import DataModel
from latentia.errors import CompatibilityError, ConfigurationError, DataError
from latentia.evaluation.generation import FeatureMap, Features, classifier, encoder_of, module_features, pixels
from latentia.evaluation.generation.features import as_features
from latentia.recipes import vae
from tests.evaluation.generation.splits import normal
from tests.ledger import COUNTS, LEVELS, REAL, REAL_GAPS, TABLE


def small(data: object = LEVELS) -> DataModel:
    torch.manual_seed(0)
    return DataModel(vae(data, latent_dim=2, hidden=(8,))[0], data)  # type: ignore[arg-type] # a description


def test_values_come_on_one_scale() -> None:
    raw = torch.randint(0, 17, (300, 1, 8, 8), dtype=torch.uint8)
    assert torch.equal(pixels(LEVELS)(raw), raw.flatten(1) / 16)
    real = replace(REAL, mean=(10.0,) * 7, std=(2.0,) * 6 + (0.0,))
    rows = pixels(real)(torch.full((2, 7), 12.0))
    torch.testing.assert_close(rows, torch.tensor([[1.0] * 6 + [2.0]] * 2))
    torch.testing.assert_close(pixels(COUNTS)(torch.full((2, 6), 3.0)), torch.full((2, 6), 4.0).log())
    table = pixels(TABLE)(torch.tensor([[0.5, 2.0, 3.0, 1.0, 2.0, 1.0]]))
    assert table[0, -6:].tolist() == [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]  # the third of three categories, the second of four
    assert (pixels(LEVELS).name, pixels(TABLE).name) == ("pixels", "columns")


def test_missing_cells_have_no_distance_but_an_encoding() -> None:
    rows = normal(9, 7).float()
    rows[4, 2] = torch.nan
    with pytest.raises(DataError, match="missing cells"):
        pixels(REAL_GAPS)(rows)
    assert bool(encoder_of(small(REAL_GAPS))(rows).isfinite().all())


def test_an_encoder_gives_its_means() -> None:
    model = small()
    raw = torch.randint(0, 17, (20, 1, 8, 8), dtype=torch.uint8)
    assert torch.equal(encoder_of(model)(raw), model.encode(raw))
    assert isinstance(encoder_of(model), Features)


def test_any_module_or_function_will_do() -> None:
    model = small()
    module = nn.Sequential(nn.Dropout(0.5), nn.Conv2d(1, 3, 3)).train()
    raw = torch.rand(300, 1, 8, 8)
    found = module_features(module)(raw)
    assert found.shape == (300, 3 * 36)
    assert not found.requires_grad
    assert torch.equal(found, module_features(module)(raw))  # dropout is off, and on again afterwards
    assert module.training
    assert as_features(module, model).name == "Sequential"
    assert as_features(torch.sin, model)(raw).shape == (300, 64)
    assert as_features(FeatureMap("mine", torch.sin), model).name == "mine"
    assert as_features(model, model).name == "encoder of another model of made-up"
    assert (as_features("encoder", model).name, as_features("pixels", model).name) == ("encoder", "pixels")


def test_what_are_no_features_is_refused() -> None:
    model = small()
    with pytest.raises(ConfigurationError, match="there are no features 'inception'"):
        as_features("inception", model)
    with pytest.raises(ConfigurationError, match="features are int"):
        as_features(3, model)
    with pytest.raises(CompatibilityError, match="give a model of the same data"):
        as_features(small(REAL), model)
    with pytest.raises(DataError, match=r"of 4 rows are \(3, 2\)"):
        FeatureMap("mine", lambda x: x[1:])(torch.ones(4, 2))


def labelled() -> tuple[Tensor, Tensor]:
    y = torch.arange(400) % 3
    return normal(400, 4) + 3 * torch.eye(4, dtype=torch.float64)[y], y


def test_a_classifier_learns_and_repeats() -> None:
    x, y = labelled()
    before = torch.get_rng_state()
    with torch.no_grad():
        found = classifier(x, y, features=6, steps=100)
    assert torch.equal(before, torch.get_rng_state())
    assert isinstance(found, Features)
    assert found.accuracy > 0.85
    assert found.chance < 0.5
    features = found(x)
    assert features.shape == (400, 6)
    assert float(features.var(0).mean()) == pytest.approx(1, abs=0.1)
    assert torch.equal(features, classifier(x, y, features=6, steps=100)(x))
    assert not torch.equal(features, classifier(x, y, features=6, steps=100, seed=1)(x))
    # The labels carry it: shuffled ones teach nothing.
    assert classifier(x, y[torch.randperm(400, generator=torch.Generator().manual_seed(0))], steps=100).accuracy < 0.6


def test_a_classifier_of_pictures() -> None:
    digits = load_data("digits")
    found = classifier(digits.train.x, digits.train.labels, features=16, steps=60)
    assert found.accuracy > 0.8
    assert found(digits.test.x[:5]).shape == (5, 16)


def test_what_teaches_no_classifier_is_refused() -> None:
    x, y = labelled()
    with pytest.raises(DataError, match="at least ten rows"):
        classifier(x[:9], y[:9])
    with pytest.raises(DataError, match="at least ten rows"):
        classifier(x, y[:9])
    with pytest.raises(DataError, match="two classes or more"):
        classifier(x, torch.zeros(400))
    with pytest.raises(ConfigurationError, match="0 steps"):
        classifier(x, y, steps=0)

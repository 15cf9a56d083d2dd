"""Imputation against the conditional distribution of the linear-Gaussian model, and of codes against enumeration."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from latentia import impute
from latentia.columns import Column
from latentia.conditionals import GaussianHead, Likelihood, Need, StandardNormal
from latentia.conditionals.protocol import EVERYTHING
from latentia.conditionals.table import TableHead
from latentia.data import load_data
from latentia.data_model import DataModel
from latentia.distributions import normal
from latentia.errors import CompatibilityError, ConfigurationError, DataError
from latentia.latents import LatentGroup, TopDown, Trace
from latentia.model import VAE
from latentia.recipes import recipe_named
from tests.data.specs import make_spec
from tests.data.test_columns import gappy
from tests.exact.linear_gaussian import LinearGaussian
from tests.exact.mutants import killed, z_score

F64 = torch.float64
MODEL = LinearGaussian.random(5, 2, 0.4, seed=6)
SHIFT, SCALE = (
    torch.tensor([10.0, -3.0, 0.0, 1.0, 100.0], dtype=F64),
    torch.tensor([3.0, 0.5, 1.0, 2.0, 7.0], dtype=F64),
)
SPEC = make_spec(
    shape=(5,), dtype="float64", mean=tuple(SHIFT.tolist()), std=tuple(SCALE.tolist()), missing=0.4, high=500.0
)


class Zeroed(nn.Module):
    """The simplest encoder of rows with gaps: zeros for what is missing."""

    def forward(self, x: Tensor) -> Tensor:
        return x.nan_to_num().double()


class Crude(nn.Module):
    """A posterior that is wide and off: what the weights have to make good."""

    provides: frozenset[Need] = EVERYTHING
    domain = "real"
    event_shape = torch.Size([2])

    def forward(self, given: Tensor) -> Distribution:
        # What it would be if every gap held a zero, and wider by far.
        loc = MODEL.posterior(given).mean
        return normal(loc, torch.full_like(loc, 0.9))


def linear() -> DataModel:
    decoder = nn.Linear(2, 5).double()
    with torch.no_grad():
        decoder.weight.copy_(MODEL.weight)
        decoder.bias.copy_(MODEL.mean)
    px = Likelihood(decoder, GaussianHead((5,), scale="fixed", sigma=math.sqrt(MODEL.s2)), missing=True)
    group = LatentGroup("z", StandardNormal(2).double(), Crude())
    return DataModel(VAE(Zeroed(), TopDown([group]), px), SPEC)


def conditional(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of missing cells given the observed ones of one row, by the Gaussian's formula."""
    seen = ~x.isnan()
    covariance, mean = MODEL.marginal.covariance_matrix, MODEL.marginal.loc
    gain = covariance[~seen][:, seen] @ torch.linalg.inv(covariance[seen][:, seen])
    spread = covariance[~seen][:, ~seen] - gain @ covariance[seen][:, ~seen]
    return mean[~seen] + gain @ (x[seen] - mean[seen]), spread.diagonal().sqrt()


def rows() -> Tensor:
    x = MODEL.sample(4)
    x[0, [1, 3]] = x[1, 1] = x[2, [0, 1, 2, 4]] = torch.nan
    return x


def is_the_conditional_mean(repeats: int = 30) -> None:
    model, x = linear(), rows()
    raw = x * SCALE + SHIFT
    found = [impute(model, raw, num_samples=1000, seed=seed) for seed in range(repeats)]
    for row in range(3):
        gaps = x[row].isnan()
        mean, spread = conditional(x[row])
        values = torch.stack([each.rows[row, gaps] for each in found])
        spreads = torch.stack([each.uncertainty[row, gaps] for each in found])
        # Smallest detectable error: 5 standard errors, below 10 % of the standard deviation that is left.
        assert (values.std(0) / repeats**0.5 * 5 < 0.1 * spread * SCALE[gaps]).all()
        for i, at in enumerate(gaps.nonzero().flatten().tolist()):
            assert abs(z_score(values[:, i], float(mean[i] * SCALE[at] + SHIFT[at]))) < 5
            assert float(spreads[:, i].mean()) == pytest.approx(float(spread[i] * SCALE[at]), rel=0.03)


def test_missing_numbers_get_their_conditional_mean_and_its_uncertainty() -> None:
    is_the_conditional_mean()


def test_mutant_without_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Trace, "log_w", property(lambda trace: torch.zeros_like(trace.log_px)))
    with killed():
        is_the_conditional_mean()


def test_mutant_whose_weights_forget_the_prior(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Trace, "log_w", property(lambda trace: trace.log_px - trace.log_qz.sum(0)))
    with killed():
        is_the_conditional_mean()


def test_what_was_observed_stays_and_chunks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    model, raw = linear(), rows() * SCALE + SHIFT
    whole = impute(model, raw, num_samples=300, seed=1)
    seen = ~raw.isnan()
    assert torch.equal(whole.rows[seen], raw[seen])
    assert (whole.uncertainty[seen] == 0).all()
    assert (whole.uncertainty[~seen] > 0).all()
    assert whole.rows.dtype == F64
    assert whole.effective_samples[3] == 300
    assert ((whole.effective_samples[:3] > 1) & (whole.effective_samples[:3] < 300)).all()
    again = impute(model, raw.numpy(), num_samples=300, seed=1)
    assert torch.equal(whole.rows, again.rows)
    # Streaming over samples is exact: the averages of two chunks joined are those of one.
    from latentia.operate import imputation

    with torch.no_grad():
        traces = [model.vae.trace(model.preparation(raw), num_samples=k) for k in (7, 30)]
        joined = imputation._joined(imputation._of_trace(traces[0]), imputation._of_trace(traces[1]))
        log_w = torch.cat([trace.log_w for trace in traces])
        means = torch.cat([trace.px.mean for trace in traces])
    torch.testing.assert_close(joined.values[0], (log_w.softmax(0)[..., None] * means).sum(0))
    torch.testing.assert_close(joined.log_total, log_w.logsumexp(0))


def codes() -> tuple[DataModel, Any]:
    """A table whose every column hangs on one standard normal z, so that a grid over z gives all that is to know."""
    columns = (
        Column("a", "real"),
        Column("b", "binary"),
        Column("c", "categorical", 3),
        Column("d", "count", centre=0.5),
        Column("e", "positive", spread=0.5),
    )
    head = TableHead(columns, sigma=0.5)
    decoder = nn.Linear(1, head.parameter_shape[0])
    torch.manual_seed(0)
    with torch.no_grad():
        decoder.weight.copy_(2 * torch.randn_like(decoder.weight))
        decoder.bias.zero_()

    class Prior(nn.Module):
        provides: frozenset[Need] = EVERYTHING
        domain = "real"
        event_shape = torch.Size([1])

        def forward(self, given: Tensor) -> Distribution:
            return normal(torch.zeros_like(given[..., :1]), torch.full_like(given[..., :1], 1.2))

    spec = make_spec(
        shape=(5,), dtype="float64", support="mixed", columns=columns, mean=(0.0,) * 5, std=(1.0,) * 5, missing=0.5
    )
    group = LatentGroup("z", StandardNormal(1), Prior())
    vae = VAE(Zeroed(), TopDown([group]), Likelihood(decoder, head, missing=True)).double()
    return DataModel(vae, spec), (head, decoder)


def test_missing_codes_get_their_most_probable_category_and_its_entropy() -> None:
    model, (head, decoder) = codes()
    raw = torch.tensor(
        [[0.8, torch.nan, torch.nan, torch.nan, torch.nan], [torch.nan, 1.0, torch.nan, 2.0, 1.5]]
    ).double()
    found = impute(model, raw, num_samples=10_000)
    grid = torch.linspace(-6, 6, 2001, dtype=F64)[:, None]
    with torch.no_grad():
        px = head(decoder(grid))
        for row in range(2):
            weight = (px.log_prob(raw[row]) - grid[:, 0].square() / 2).softmax(0)
            probs = torch.stack([px.log_prob_of_cells(_code(code))[:, 2].exp() for code in range(3)], -1)
            category = (weight[:, None] * probs).sum(0)
            assert found.rows[row, 2] == category.argmax()
            assert found.uncertainty[row, 2].item() == pytest.approx(
                float(torch.special.entr(category).sum()), abs=0.05
            )
            mean = (weight[:, None] * px.mean).sum(0)
            if row == 0:
                assert found.rows[row, 1] == mean[1].round()
                p = float(mean[1])
                assert found.uncertainty[row, 1].item() == pytest.approx((p * (1 - p)) ** 0.5, abs=0.03)
                assert found.rows[row, 3] == mean[3].round()
                assert found.rows[row, 4].item() == pytest.approx(float(mean[4]), rel=0.05)
            else:
                assert found.rows[row, 0].item() == pytest.approx(float(mean[0]), abs=0.05)


def _code(code: int) -> Tensor:
    return torch.tensor([0.0, 0.0, code, 0.0, 1.0], dtype=F64)


def test_filled_rows_are_rows_that_the_model_admits() -> None:
    x = gappy()
    data = load_data(x, columns="real,positive,count,binary,categorical,ordinal", missing=True)
    model = DataModel(recipe_named("table_vae")(data.spec, latent_dim=2, hidden=(8,))[0], data.spec)
    filled = impute(model, x, num_samples=20).rows
    assert not filled.isnan().any()
    assert torch.equal(model.preparation.check(filled), filled)


@pytest.mark.parametrize("top", [1.0, 255.0])
def test_pictures_are_filled_with_values_of_their_kind(top: float) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randint(0, 256, (20, 1, 4, 4), generator=generator).double() / 255 * top
    x[:, 0, 0] = torch.nan
    data = load_data(x if top == 1 else x.round(), missing=True)
    model = DataModel(recipe_named("vae")(data.spec, latent_dim=2, hidden=(8,))[0], data.spec)
    filled = impute(model, x if top == 1 else x.round(), num_samples=20).rows
    assert not filled.isnan().any()
    model.preparation.check(filled)


def test_what_cannot_be_imputed_is_refused() -> None:
    model = linear()
    with pytest.raises(ConfigurationError, match="num_samples is 0"):
        impute(model, rows(), num_samples=0)
    with pytest.raises(DataError, match="is inf"):
        impute(model, torch.full((1, 5), math.inf))
    with pytest.raises(CompatibilityError, match="have shape"):
        impute(model, torch.zeros(1, 4))
    complete = make_spec(shape=(5,), mean=(0.0,) * 5, std=(1.0,) * 5)
    with pytest.raises(CompatibilityError, match="trained on complete rows"):
        impute(DataModel(model.vae, complete), rows())
    bare = DataModel(recipe_named("autoencoder")(SPEC, latent_dim=2, hidden=(4,))[0], SPEC)
    with pytest.raises(CompatibilityError, match="an autoencoder"):
        impute(bare, rows())

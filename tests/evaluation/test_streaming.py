"""The importance estimate at any K: bounded memory, one result whatever the batch size, and a word on its own worth."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module

import pytest
import torch
from torch import Tensor
from torch.distributions import Distribution

from latentia.data.preparation import Preparation
from latentia.data.source import Resident
from latentia.data_model import DataModel
from latentia.evaluation import evaluate, importance, log_likelihood
from latentia.evaluation.blocks import blocks
from latentia.evaluation.portions import portions
from latentia.evaluation.weights import RunningWeights, heavy_share, log_mean_error, weights_verdict
from latentia.inference.pareto import psis
from latentia.latents import Trace
from latentia.model import VAE
from latentia.recipes import vae
from tests.exact.linear_gaussian import LinearGaussian, diagonal_posterior
from tests.exact.mutants import killed, z_score
from tests.ledger import LEVELS, spec

SMALL = spec((1, 4, 4), "levels", levels=17)


def grey(latent_dim: int = 2) -> tuple[DataModel, Resident]:
    """Grey pictures that are binarised anew: noise in the data as well as in the codes."""
    torch.manual_seed(0)
    model = DataModel(vae(SMALL, latent_dim=latent_dim, hidden=(8,), likelihood="bernoulli")[0], SMALL)
    return model, Resident(torch.randint(0, 17, (60, 1, 4, 4), dtype=torch.uint8))


def one_result_whatever_the_batch_size(rows_at: Callable[[int | None], Tensor]) -> None:
    whole = rows_at(None)
    for size in (1, 3, 7, 60):
        torch.testing.assert_close(rows_at(size), whole, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("num_samples", [1, 50, 1500])
def test_results_do_not_depend_on_the_batch_size(num_samples: int) -> None:
    model, source = grey()
    one_result_whatever_the_batch_size(
        lambda size: log_likelihood(model, source, num_samples=num_samples, seed=5, batch_size=size)
    )
    first = evaluate(model, source, num_samples=num_samples, batch_size=2)
    second = evaluate(model, source, num_samples=num_samples)
    for name in ("elbo", "nll", "kl", "reconstruction", "nll_se", "mse"):
        assert getattr(first, name) == pytest.approx(getattr(second, name), rel=1e-5, abs=1e-5), name
    assert first.k_hat_verdict == second.k_hat_verdict


def test_mutant_whose_noise_follows_the_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    model, source = grey()
    module = import_module("latentia.evaluation.log_likelihood")  # a function of the package has the same name

    def by_batch(model: DataModel, num_samples: int, batch_size: int | None) -> object:
        portion = portions(model, num_samples, batch_size)
        return replace(portion, rows=portion.decoded)

    monkeypatch.setattr(module, "portions", by_batch)
    with killed():
        one_result_whatever_the_batch_size(
            lambda size: log_likelihood(model, source, num_samples=50, seed=5, batch_size=size)
        )


def test_the_same_rows_are_scored_at_every_k() -> None:
    model, source = grey()
    few, many = (
        torch.cat([block.x for block in blocks(model, source, portions(model, k).rows, seed=2)]) for k in (1, 3000)
    )
    assert torch.equal(few, many)
    other = torch.cat([block.x for block in blocks(model, source, 512, seed=3)])
    assert not torch.equal(few, other)


def test_no_more_than_one_chunk_is_ever_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is that of a chunk: the decoder is asked for no more at once, and for every sample once."""
    model, source = grey()
    asked: list[tuple[int, int]] = []
    decode = VAE.px

    def counted(self: VAE, state: Tensor) -> Distribution:
        asked.append((state.shape[0], state.shape[1]))
        return decode(self, state)

    monkeypatch.setattr(VAE, "px", counted)
    log_likelihood(model, source, num_samples=5000)
    assert max(k * rows for k, rows in asked) <= 2048
    assert max(k for k, _ in asked) <= 512
    assert sum(k * rows for k, rows in asked) == 5000 * 60
    asked.clear()
    log_likelihood(model, source, num_samples=5000, batch_size=2)
    assert max(k * rows for k, rows in asked) <= 2 * 512
    assert sum(k * rows for k, rows in asked) == 5000 * 60


@pytest.mark.parametrize("chunk", [1, 7, 400, 1000])
def test_weights_seen_in_chunks_are_the_weights_seen_at_once(chunk: int) -> None:
    generator = torch.Generator().manual_seed(0)
    log_w = 3 * torch.randn(1000, 5, generator=generator, dtype=torch.float64)
    seen = RunningWeights(1000)
    for part in log_w.split(chunk):
        seen.add(part)
    torch.testing.assert_close(seen.log_mean, log_w.logsumexp(0) - math.log(1000))
    torch.testing.assert_close(seen.ess, 1 / log_w.softmax(0).square().sum(0))
    torch.testing.assert_close(seen.k_hat, psis(log_w.T)[1])


def test_the_error_of_a_log_mean_is_the_one_that_seeds_show() -> None:
    generator = torch.Generator().manual_seed(1)
    log_w = 0.7 * torch.randn(2000, 400, generator=generator, dtype=torch.float64)
    estimates = log_w.logsumexp(0)
    error = float(log_mean_error(1 / log_w.softmax(0).square().sum(0), 2000).mean())
    assert float(estimates.std()) == pytest.approx(error, rel=0.2)
    assert abs(z_score(estimates - math.log(2000), 0.7**2 / 2)) < 5


def narrowed(factor: float, num_samples: int = 2000) -> tuple[float, str]:
    """A linear-Gaussian model whose q is too narrow (or too wide) by a factor: the share with k-hat above 0.7."""
    exact = LinearGaussian.random(6, 3, 0.4, orthogonal=True)
    head = diagonal_posterior(exact, exact=True)
    with torch.no_grad():
        raw = head.linear.bias[3:]
        raw += math.log(factor)
    data = replace(spec((6,), "real"), dtype="float64")
    model = DataModel(exact.vae(head), data, _AsIs(data, "real"))
    found = evaluate(model, Resident(exact.sample(40)), num_samples=num_samples)
    assert found.k_hat_high is not None
    assert found.k_hat_verdict is not None
    return found.k_hat_high, found.k_hat_verdict


class _AsIs(Preparation):
    """Rows as they are, for a model in float64."""

    def forward(self, raw: Tensor) -> Tensor:
        return raw

    def expected(self, raw: Tensor) -> Tensor:
        return raw


def says_when_it_is_not_to_be_trusted(factor: float) -> None:
    """A q of half the width has weights of infinite variance (k = 1 - factor^2 = 0.75 and three dimensions)."""
    share, words = narrowed(factor)
    assert share > 0.5
    assert words.startswith("take -log p(x) as a bound")


def test_a_posterior_too_narrow_is_called_so_and_a_wide_one_is_not() -> None:
    says_when_it_is_not_to_be_trusted(0.35)
    share, words = narrowed(1.2)
    assert share == 0
    assert "can be trusted" in words
    with killed():  # a posterior that covers the true one
        says_when_it_is_not_to_be_trusted(1.2)


def test_too_few_samples_are_not_judged() -> None:
    assert heavy_share(torch.tensor([math.inf, math.inf])) is None
    assert heavy_share(torch.tensor([math.inf, 0.9, 0.1, -math.inf])) == pytest.approx(1 / 3)
    assert "not judged" in weights_verdict(None)
    assert "can be used" in weights_verdict(0.01)
    model, source = grey()
    found = evaluate(model, source, num_samples=10)
    assert found.k_hat_high is None
    assert "not judged" in str(found.k_hat_verdict)


def test_what_bits_are_of_is_said() -> None:
    model, source = grey()
    assert "dynamic binarisation" in str(evaluate(model, source, num_samples=2).dequantisation)
    levels = DataModel(vae(LEVELS, latent_dim=2, hidden=(8,))[0], LEVELS)
    rows = Resident(torch.randint(0, 17, (3, 1, 8, 8), dtype=torch.uint8))
    found = evaluate(levels, rows, num_samples=2)
    assert "probabilities" in str(found.dequantisation)
    assert found.nll_se is not None
    assert found.bits_per_dim_se == pytest.approx(found.nll_se / 64 / math.log(2))
    density = DataModel(vae(LEVELS, latent_dim=2, hidden=(8,), likelihood="gaussian")[0], LEVELS)
    assert "no code length" in str(evaluate(density, rows, num_samples=2).dequantisation)


def test_a_trace_in_parts_scores_what_the_whole_scores() -> None:
    model, source = grey()
    x = model.preparation.expected(source.x)
    drawn = model.vae.latents.infer(model.vae.encoder(x), num_samples=4)
    whole = Trace(x, drawn, model.vae.px(drawn.state))
    torch.testing.assert_close(importance.traced(model.vae, x, drawn, 7).log_w, whole.log_w)

"""Full variational Bayes over a decoder's weights, against models whose evidence is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from latentia.conditionals import DiagonalNormal, FlowPrior, GaussianHead, Likelihood, StandardNormal
from latentia.errors import CompatibilityError, ConfigurationError, DataError
from latentia.inference.sgvb import Schedule, WeightPosterior, fit_weights
from latentia.inference.sgvb.weights import GaussianWeights
from latentia.latents import LatentGroup, TopDown
from latentia.model import VAE
from tests.exact.gradients import Codes, Gaussian
from tests.exact.linear_gaussian import F64
from tests.exact.mutants import killed, z_score

S2, ROWS, DIM = 0.3, 40, 2
SHORT = Schedule(step=0.01, max_steps=20, window=10)


class OfContext(nn.Module):
    """A decoder that is linear in the context and takes no notice of z."""

    def __init__(self, context: int, dim: int) -> None:
        super().__init__()
        self.linear = nn.Linear(context, dim, bias=False)

    def forward(self, state: Tensor) -> Tensor:
        found: Tensor = self.linear(state[..., : self.linear.in_features])
        return found


def regression() -> tuple[VAE, Tensor, Tensor]:
    """x = W c + noise with orthogonal regressors c, so that the posterior of W ~ N(0, I) is independent."""
    torch.manual_seed(3)
    context = torch.linalg.qr(torch.randn(ROWS, 3, dtype=F64)).Q * torch.tensor([1.0, 3.0, 6.0], dtype=F64)
    x = context @ torch.randn(3, DIM, dtype=F64) + S2**0.5 * torch.randn(ROWS, DIM, dtype=F64)
    head = GaussianHead((DIM,), scale="fixed", sigma=S2**0.5)
    group = LatentGroup("z", StandardNormal(1).double(), Gaussian(1))
    likelihood = Likelihood(OfContext(3, DIM).double(), head)
    return VAE(Codes(torch.zeros(1, 2, dtype=F64)), TopDown([group]), likelihood), x, context


X_CONTEXT = regression()[1:]


def exact_regression() -> tuple[Tensor, Tensor, float]:
    """Posterior means `[D, 3]` and variances `[3]` of W, and the log-evidence."""
    x, context = X_CONTEXT
    precision = torch.eye(3, dtype=F64) + context.T @ context / S2
    mean = torch.linalg.solve(precision, context.T @ x / S2).T
    marginal = MultivariateNormal(torch.zeros(ROWS, dtype=F64), context @ context.T + S2 * torch.eye(ROWS, dtype=F64))
    return mean, 1 / precision.diagonal(), float(marginal.log_prob(x.T).sum())


def at_the_optimum() -> WeightPosterior:
    vae, _, _ = regression()
    mean, variance, _ = exact_regression()
    name = "likelihood.net.linear.weight"
    weights = GaussianWeights({name: mean})
    with torch.no_grad():
        weights.log_scale.copy_(0.5 * variance.log().repeat(DIM))
    return WeightPosterior(vae, weights)


def test_the_bound_is_the_evidence_where_q_is_the_posterior() -> None:
    x, context = X_CONTEXT
    bound = at_the_optimum().bound(x, context=context, num_weights=5, batch_size=7)
    assert abs(bound.value - exact_regression()[2]) < 1e-9
    assert bound.error < 1e-9


def test_it_is_reached_by_mini_batches_and_stayed_below_elsewhere() -> None:
    vae, x, context = regression()
    mean, variance, evidence = exact_regression()
    found = fit_weights(vae, x, context=context, batch_size=10, schedule=Schedule(step=0.03, window=200))
    assert found.converged
    bound = found.bound(x, context=context, num_weights=400)
    assert evidence - 0.1 < bound.value < evidence + 5 * bound.error + 1e-9
    assert ((found.weights.loc.reshape(DIM, 3) - mean).abs() < 0.2 * variance.sqrt()).all()
    assert ((found.weights.log_scale.exp().square().reshape(DIM, 3) / variance - 1).abs() < 0.2).all()
    with torch.no_grad():
        found.weights.log_scale.sub_(0.5)
        found.weights.loc.add_(0.05)
    worse = found.bound(x, context=context, num_weights=400)
    assert worse.value < bound.value < evidence + 5 * bound.error + 1e-9


def weights_count_once(found: WeightPosterior, rows: int) -> None:
    """N times the bound a row, averaged over a partition into batches, is the sum over rows less one divergence."""
    x, context = X_CONTEXT
    noise = torch.randn(2, found.weights.size, generator=torch.Generator().manual_seed(2), dtype=F64)
    given = [(x[i : i + 10], context[i : i + 10]) for i in range(0, ROWS, 10)]
    torch.manual_seed(0)
    batches = [float(found.objective(a, noise, rows, context=c)) * ROWS for a, c in given]
    whole = sum(float(found.terms(x, row, context=context)[0].sum()) for row in noise) / len(noise)
    assert abs(sum(batches) / len(batches) - (whole - float(found.weights.kl()))) < 1e-8


@torch.no_grad()
def test_the_divergence_of_the_weights_is_counted_once() -> None:
    found = at_the_optimum()
    weights_count_once(found, ROWS)
    with killed():  # once a batch
        weights_count_once(found, 10)
    with killed():  # once a row
        weights_count_once(found, 1)


def predictive(found: Tensor, new: Tensor, context: Tensor) -> None:
    mean, variance, _ = exact_regression()
    spread = (context.square() * variance).sum(-1, keepdim=True) + S2
    exact = Normal(context @ mean.T, spread.sqrt()).log_prob(new).sum(-1)
    torch.testing.assert_close(found, exact, rtol=0, atol=0.1)


def test_predictions_average_over_the_weights() -> None:
    """Far from the regressors seen, the weights matter; 2,000 draws put the log of their mean within 0.1."""
    context = torch.tensor([[0.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 3.0, 3.0]], dtype=F64)
    new = context @ exact_regression()[0].T + torch.tensor([[0.5, -0.5], [2.0, -1.0], [0.0, 1.0]], dtype=F64)
    posterior = at_the_optimum()
    found = posterior.log_predictive(new, context=context, num_weights=2000, num_samples=1)
    predictive(found, new, context)
    with killed():  # the weights at their mean
        mean = posterior.terms(new, torch.zeros(6, dtype=F64), context=context)[0].detach()
        predictive(mean, new, context)


def scalar_model(x: Tensor) -> VAE:
    """x = w z + noise with one unknown weight; its encoder is linear."""
    torch.manual_seed(1)
    decoder, encoder = nn.Linear(1, 1, bias=False).double(), nn.Linear(1, 2).double()
    head = GaussianHead((1,), scale="fixed", sigma=S2**0.5)
    return VAE(encoder, TopDown([LatentGroup("z", StandardNormal(1).double(), Gaussian(1))]), Likelihood(decoder, head))


def test_with_latent_codes_the_bound_stays_below_the_evidence() -> None:
    """p(X) = int N(w; 0, 1) prod_n N(x_n; 0, w^2 + s2) dw by quadrature; a product of q(w) and q(z) stays below."""
    x = 1.3 * torch.randn(60, 1, generator=torch.Generator().manual_seed(8), dtype=F64)
    w = torch.linspace(-8, 8, 20_001, dtype=F64)
    each = Normal(torch.zeros((), dtype=F64), (w.square() + S2).sqrt()).log_prob(x).sum(0)
    log_joint = each + Normal(torch.zeros((), dtype=F64), torch.ones((), dtype=F64)).log_prob(w)
    evidence = float(log_joint.logsumexp(0) + math.log(float(w[1] - w[0])))
    found = fit_weights(scalar_model(x), x, batch_size=30, schedule=Schedule(step=0.03))
    bound = found.bound(x, num_weights=200, num_samples=10)
    assert bound.value < evidence + 5 * bound.error
    # One of the two signs of w costs ln 2; the rest is what a product of w and z loses.
    assert evidence - bound.value < math.log(2) + 1.0
    with killed():  # a bound without the weights' divergence is none
        noise = torch.zeros(1, 1, dtype=F64)
        torch.manual_seed(0)
        assert float(found.terms(x, noise[0], num_samples=50)[0].detach().sum()) < evidence


def test_the_divergence_of_weights_agrees_with_torch_and_with_its_draws() -> None:
    start = {"a": torch.tensor([[0.5, -1.0]], dtype=F64), "b": torch.tensor(2.0, dtype=F64)}
    scale: dict[str, float | Tensor] = {"a": torch.tensor([0.5, 2.0]), "b": 1.5}
    q = GaussianWeights(start, init_scale=0.7, prior_loc=0.3, prior_scale=scale)
    s = torch.tensor([0.5, 2.0, 1.5], dtype=F64)
    exact = kl_divergence(Normal(q.loc, q.log_scale.exp()), Normal(torch.full((3,), 0.3, dtype=F64), s)).sum()
    torch.testing.assert_close(q.kl(), exact)
    noise = torch.randn(20_000, 3, generator=torch.Generator().manual_seed(0), dtype=F64)
    found = torch.stack([q.log_ratio(row) for row in noise[:4000]]).detach()
    assert abs(z_score(found, -float(exact.detach()))) < 5
    drawn = q.draw(noise[0])
    assert drawn["a"].shape == (1, 2)
    log_q = Normal(q.loc, q.log_scale.exp()).log_prob(torch.cat([drawn["a"].flatten(), drawn["b"][None]])).sum()
    log_p = (
        Normal(torch.full((3,), 0.3, dtype=F64), s).log_prob(torch.cat([drawn["a"].flatten(), drawn["b"][None]])).sum()
    )
    torch.testing.assert_close(q.log_ratio(noise[0]), log_p - log_q)
    with pytest.raises(ConfigurationError, match="prior_scale has entries for a; expected one for each of a, b"):
        GaussianWeights(start, prior_scale={"a": 1.0})
    with pytest.raises(ConfigurationError, match="above 0"):
        GaussianWeights(start, prior_scale=0.0)


def small(prior: nn.Module | None = None) -> VAE:
    torch.manual_seed(0)
    encoder = nn.Sequential(nn.Linear(3, 8), nn.Tanh())
    group = LatentGroup("z", prior or StandardNormal(2), DiagonalNormal(8, 2))
    return VAE(encoder, TopDown([group]), Likelihood(nn.Linear(2, 3), GaussianHead((3,))))


X = torch.randn(30, 3, generator=torch.Generator().manual_seed(0))


def test_the_prior_can_be_uncertain_too_and_then_matters() -> None:
    """A flow's networks are evaluated late: the weights drawn must still be the ones that count."""
    found = fit_weights(small(FlowPrior(2, "maf", 1)), X, over=("likelihood", "prior"), schedule=SHORT)
    assert any(name.startswith("walk.modules_of_groups.0.p") for name in found.weights.shapes)
    noise = torch.zeros(found.weights.size)
    torch.manual_seed(0)
    elbo, log_w = found.terms(X, noise)
    (gradient,) = torch.autograd.grad(elbo.sum() + log_w.sum(), [found.weights.loc])
    start = 0
    for name, shape in found.weights.shapes.items():
        part = gradient[start : start + shape.numel()]
        assert name.endswith("weight") or part.abs().sum() > 0, name
        start += shape.numel()


def test_seeds_reproduce_and_the_model_given_is_left_alone() -> None:
    vae = small()
    before = {name: value.clone() for name, value in vae.state_dict().items()}
    state = torch.get_rng_state()
    a, b = (fit_weights(vae, X, batch_size=7, schedule=SHORT, num_weights=2, num_samples=2, seed=4) for _ in range(2))
    assert torch.equal(a.path, b.path)
    assert torch.equal(a.weights.loc, b.weights.loc)
    assert a.bound(X) == b.bound(X)
    assert not torch.equal(a.path, fit_weights(vae, X, batch_size=7, schedule=SHORT, seed=5).path)
    assert all(torch.equal(value, before[name]) for name, value in vae.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)
    one, other = a.drawn(seed=1), a.drawn(seed=2)
    weight = "likelihood.net.weight"
    assert not torch.equal(one.state_dict()[weight], other.state_dict()[weight])
    assert torch.equal(one.state_dict()["encoder.0.weight"], other.state_dict()["encoder.0.weight"])
    centre = a.weights.draw(torch.zeros(a.weights.size))
    assert torch.equal(a.vae.state_dict()[weight], centre[weight])
    assert one.generate(5).px.sample().shape == (1, 5, 3)


def test_what_cannot_be_done_is_refused_in_words() -> None:
    with pytest.raises(CompatibilityError, match="no parameters lie under decoder; this model has"):
        fit_weights(small(), X, over=("decoder",))
    with pytest.raises(CompatibilityError, match="no parameters lie under prior"):
        fit_weights(small(), X, over=("prior",))
    with pytest.raises(DataError, match="30 rows and 3 contexts"):
        fit_weights(small(), X, context=X[:3])
    with pytest.raises(DataError, match="0 rows"):
        fit_weights(small(), X[:0])
    with pytest.raises(ConfigurationError, match="batch_size is 0"):
        fit_weights(small(), X, batch_size=0)
    found = fit_weights(small(), X, schedule=SHORT)
    with pytest.raises(ConfigurationError, match="2 draws or more"):
        found.bound(X, num_weights=1)
    with pytest.raises(ConfigurationError, match="one draw or more"):
        found.log_predictive(X, num_weights=0)
    tied = small()
    tied.encoder.extra = tied.likelihood.net
    with pytest.raises(CompatibilityError, match="also belongs to a part"):
        fit_weights(tied, X)


@pytest.mark.slow
def test_a_small_model_of_digits_carries_weight_uncertainty() -> None:
    """With few pictures, averaging over weights predicts better than one draw of them, and the bound rises."""
    from latentia.data import load_data
    from latentia.data_model import DataModel
    from latentia.recipes import vae

    data = load_data("digits")
    torch.manual_seed(0)
    core, _ = vae(data.spec, latent_dim=3, hidden=(24,))
    prepare = DataModel(core, data.spec).preparation
    x = prepare(next(iter(data.train.batches(200, seed=None))).x)
    new = prepare(next(iter(data.test.batches(100, seed=None))).x)
    found = fit_weights(core, x, schedule=Schedule(step=0.01, max_steps=2000))
    assert float(found.path[-200:].mean()) > float(found.path[:200].mean()) + 1000
    bound = found.bound(x)
    assert np.isfinite(bound.value)
    averaged = found.log_predictive(new, num_weights=20, num_samples=50)
    single = torch.stack([found.log_predictive(new, num_weights=1, num_samples=50, seed=s) for s in range(8)])
    assert float(averaged.mean()) > float(single.mean())

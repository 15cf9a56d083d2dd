"""Critics: the known density ratio of Gaussians is their optimum, and each player's gradients stay its own."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest
import torch
from torch import Tensor, nn

from latentia.latents import Trace
from latentia.model import VAE
from latentia.nets import Critic
from latentia.objectives import ELBO, Step
from latentia.objectives.penalties import AdversarialPrior, CriticTotalCorrelation, FeatureGAN
from latentia.objectives.penalties.contest import cross_entropy, unconvinced
from latentia.objectives.penalties.factor import permuted
from latentia.objectives.penalties.feature_gan import shown
from tests.exact.mutants import killed, z_score
from tests.ledger import CONV, LEVELS, PIXELS, REAL, SMALL, Instance

F64 = torch.float64
CORRELATION = 0.7


class Quadratic(nn.Module):
    """(z_1^2, z_2^2, z_1 z_2), in which the log-ratio of two centred Gaussians is linear."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Parameter(torch.ones(1))

    def forward(self, z: Tensor) -> Tensor:
        return self.one * torch.stack([z[..., 0].square(), z[..., 1].square(), z[..., 0] * z[..., 1]], -1)


def optimal() -> Critic:
    """The critic between N(0, [[1, r], [r, 1]]) and N(0, I): log-odds equal to the log-ratio of the densities."""
    critic = Critic(Quadratic(), 3).double()
    r, rest = CORRELATION, 1 - CORRELATION**2
    with torch.no_grad():
        critic.odds.weight.copy_(torch.tensor([[0.5 - 0.5 / rest, 0.5 - 0.5 / rest, r / rest]]))
        critic.odds.bias.fill_(-0.5 * math.log(rest))
    return critic


def correlated(num: int) -> Tensor:
    torch.manual_seed(0)
    z = torch.randn(num, 2, dtype=F64)
    return torch.stack([z[:, 0], CORRELATION * z[:, 0] + (1 - CORRELATION**2) ** 0.5 * z[:, 1]], 1)


def gradient_vanishes_at_the_density_ratio(loss: Callable[[Tensor, Tensor], Tensor]) -> None:
    """The loss's gradient, example by example, has mean zero where the critic knows the ratio."""
    critic, real, fake = optimal(), correlated(20_000), torch.randn(20_000, 2, dtype=F64)
    parameters = dict(critic.odds.named_parameters())

    def of_pair(weights: dict[str, Tensor], a: Tensor, b: Tensor) -> Tensor:
        def odds(z: Tensor) -> Tensor:
            value: Tensor = torch.func.functional_call(critic.odds, weights, (critic.features(z),)).squeeze(-1)
            return value

        return loss(odds(a), odds(b))

    gradients = torch.func.vmap(torch.func.grad(of_pair), in_dims=(None, 0, 0))(
        {name: parameter.detach() for name, parameter in parameters.items()}, real, fake
    )
    for name, per_example in gradients.items():
        for column in per_example.flatten(1).T:
            assert abs(z_score(column.detach(), 0.0)) < 5, name


def test_the_density_ratio_is_where_the_critic_rests() -> None:
    gradient_vanishes_at_the_density_ratio(cross_entropy)


def test_mutants_of_the_critics_loss() -> None:
    with killed():  # real and fake exchanged
        gradient_vanishes_at_the_density_ratio(lambda real, fake: cross_entropy(fake, real))
    with killed():  # a side that weighs twice
        gradient_vanishes_at_the_density_ratio(lambda real, fake: cross_entropy(real, fake) + unconvinced(real))


def test_a_trained_critic_finds_the_ratio() -> None:
    critic, real, fake = optimal(), correlated(20_000), torch.randn(20_000, 2, dtype=F64)
    known = critic.odds.weight.detach().clone()
    with torch.no_grad():
        critic.odds.weight.zero_()
        critic.odds.bias.zero_()
    optimiser = torch.optim.LBFGS(critic.odds.parameters(), max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        value = cross_entropy(critic(real), critic(fake))
        value.backward()
        return value

    assert float(loss().detach()) == pytest.approx(math.log(2)), "a critic that knows nothing"
    optimiser.step(loss)
    torch.testing.assert_close(critic.odds.weight, known, rtol=0, atol=0.1)


def with_codes(z: Tensor) -> tuple[VAE, Trace]:
    """A model's trace with codes given by hand, two dimensions."""
    instance = Instance("vae", REAL, {**SMALL, "latent_dim": 2})
    model, _ = instance.build()
    trace = model.trace(torch.zeros(len(z), 7, dtype=F64))
    return model, Trace(trace.x, replace(trace.draw, z=(z.unsqueeze(0),)), trace.px)


def measures_the_total_correlation(odds_of: Callable[[Critic], Critic]) -> None:
    """The mean log-odds of the best critic over codes: -ln(1 - r^2) / 2."""
    z = correlated(20_000)
    critic = odds_of(optimal())
    value = float(CriticTotalCorrelation(1.0, critic)(*with_codes(z), Step()))
    truth = -0.5 * math.log(1 - CORRELATION**2)
    spread = float(optimal()(z).std().detach())
    assert abs(value - truth) < 5 * spread / len(z) ** 0.5


def test_the_critic_measures_the_total_correlation() -> None:
    measures_the_total_correlation(lambda critic: critic)


def test_mutants_of_the_total_correlation() -> None:
    def negated(critic: Critic) -> Critic:
        with torch.no_grad():
            critic.odds.weight.neg_()
            critic.odds.bias.neg_()
        return critic

    def without_bias(critic: Critic) -> Critic:
        with torch.no_grad():
            critic.odds.bias.zero_()
        return critic

    for mutant in (negated, without_bias):
        with killed():
            measures_the_total_correlation(mutant)


def leaves_marginals_and_breaks_dependence(shuffle: Callable[[Tensor], Tensor]) -> None:
    z = correlated(20_000)
    torch.manual_seed(1)
    shuffled = shuffle(z)
    torch.testing.assert_close(shuffled.sort(0).values, z.sort(0).values, rtol=0, atol=0)
    assert abs(z_score(shuffled[:, 0] * shuffled[:, 1], 0.0)) < 5


def test_permuted_codes() -> None:
    leaves_marginals_and_breaks_dependence(permuted)


def test_mutants_of_the_permutation() -> None:
    with killed():  # whole rows
        leaves_marginals_and_breaks_dependence(lambda z: z[torch.randperm(len(z))])
    with killed():  # fresh noise with the right moments
        leaves_marginals_and_breaks_dependence(torch.randn_like)


ADVERSARIES = [
    Instance("factor_vae", REAL, {**SMALL, "critic_hidden": (6,)}),
    Instance("aae", REAL, {**SMALL, "critic_hidden": (6,)}),
    Instance("vae_gan", LEVELS, {**SMALL, "critic_hidden": (6,)}),
    Instance("vae_gan", PIXELS, {**CONV, "critic_hidden": (6,)}),
]
every = pytest.mark.parametrize("instance", ADVERSARIES, ids=lambda instance: instance.id)


@every
def test_each_player_leaves_the_other_as_it_is(instance: Instance) -> None:
    model, objective = instance.build()
    critic = objective.critic
    assert critic is not None
    objective(model, instance.batch(), Step()).loss.backward()
    assert all(parameter.grad is None for parameter in critic.parameters())
    model.zero_grad()
    loss = objective(model, instance.batch(), Step(), player=1)
    loss.loss.backward()
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in critic.parameters())
    assert loss.terms["critic"].shape == (4,)
    assert 0.2 < float(loss.loss.detach()) < 2.0, "near ln 2 before training"


@every
def test_a_few_steps_of_the_critic_lower_its_loss(instance: Instance) -> None:
    model, objective = instance.build()
    critic = objective.critic
    assert critic is not None
    optimiser = torch.optim.Adam(critic.parameters(), 0.02)
    losses = []
    for seed in range(60):
        torch.manual_seed(seed % 3)
        loss = objective(model, instance.batch(16), Step(), player=1).loss
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert sum(losses[-3:]) < sum(losses[:3])


def gan(**weights: float) -> tuple[VAE, FeatureGAN, Tensor]:
    instance = Instance("vae_gan", LEVELS, {**SMALL, "critic_hidden": (6,)})
    model, objective = instance.build()
    penalty = cast(FeatureGAN, cast(ELBO, objective).penalties[0])
    chosen: dict[str, Any] = {"features": 0.0, "adversarial": 0.0, "pixels": 1.0, **weights}
    return model, replace(penalty, **chosen), instance.batch()


def gradients(model: VAE, value: Tensor) -> tuple[bool, bool]:
    """Whether encoder and decoder move."""
    model.zero_grad()
    value.backward()
    sides = (model.encoder, model.likelihood)
    return tuple(any(p.grad is not None and bool(p.grad.any()) for p in side.parameters()) for side in sides)  # type: ignore[return-value]


def test_the_verdict_moves_the_decoder_alone_and_the_features_both() -> None:
    model, penalty, x = gan(adversarial=2.0)
    assert gradients(model, penalty(model, model.trace(x), Step())) == (False, True)
    model, penalty, x = gan(features=2.0)
    assert gradients(model, penalty(model, model.trace(x), Step())) == (True, True)


def test_the_features_are_compared_by_half_their_squared_distance() -> None:
    model, penalty, x = gan(features=3.0)
    trace = model.trace(x)
    critic = penalty.critic
    with torch.no_grad():
        width = critic.odds.weight.dtype
        distance = (critic.features(x.to(width)) - critic.features(shown(trace.px)[0].to(width))).square().sum(1)
    assert float(penalty(model, trace, Step()).detach()) == pytest.approx(3 * 0.5 * float(distance.mean()), rel=1e-5)


def test_the_weight_of_the_pixels_is_the_whole_weight() -> None:
    for weight in (0.0, 0.25, 1.0):
        model, penalty, x = gan(pixels=weight)
        torch.manual_seed(0)
        loss = ELBO(penalties=(penalty,))(model, x, Step())
        expected = -weight * loss.terms["reconstruction"].mean() + loss.terms["kl"].mean()
        torch.testing.assert_close(loss.loss, expected)


def test_the_adversarial_prior_pays_for_codes_that_pass() -> None:
    critic = optimal()  # calls correlated codes real
    penalty = AdversarialPrior(1.0, critic)
    real, fake = correlated(4000), torch.randn(4000, 2, dtype=F64)
    assert float(penalty(*with_codes(real), Step())) < float(penalty(*with_codes(fake), Step()))
    # Against draws of the standard normal prior, codes that are such draws leave the critic at chance.
    indifferent = replace(penalty, critic=optimal())
    with torch.no_grad():
        indifferent.critic.odds.weight.zero_()
        indifferent.critic.odds.bias.zero_()
    assert float(indifferent.critic_loss(*with_codes(fake), Step()).detach()) == pytest.approx(math.log(2))

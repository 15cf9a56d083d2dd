"""Which estimator goes with what: refusals name what would fit, and every part of the switch does what it says."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from latentia.data_model import DataModel
from latentia.errors import CompatibilityError, ConfigurationError
from latentia.latents import Trace
from latentia.model import VAE
from latentia.objectives import ELBO, IWAE, PIWAE, Baseline, Importance, Objective, Step, require
from latentia.objectives.frozen import frozen
from latentia.recipes import recipe_named
from tests.exact.linear_gaussian import F64
from tests.ledger import BINARY, REAL, Instance

SMALL = {"latent_dim": 3, "hidden": (8,)}


class Nudge:
    """A penalty on z."""

    name = "nudge"
    requires: frozenset[Any] = frozenset()

    def __call__(self, model: VAE, trace: Trace, step: Step) -> Tensor:
        return trace.draw.z[0].square().mean()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: IWAE(0), "at least one sample"),
        (lambda: Importance(10, groups=3), "10.*3 groups"),
        (lambda: Importance(10, groups=0), "at least one group"),
        (lambda: PIWAE(3, 10), "10.*3 groups"),
        (lambda: Importance(elbo_share=1.5), "between 0 and 1"),
        (lambda: IWAE(estimator="reinforce"), "there is no estimator 'reinforce'; there are pathwise"),  # type: ignore[arg-type] # on purpose
        (lambda: ELBO(estimator="score_loo"), r"needs at least 2 \(1 given\)"),
        (lambda: IWAE(1, estimator="vimco"), r"needs at least 2 \(1 given\)"),
        (lambda: Importance(4, groups=4, estimator="vimco"), r"needs at least 2 \(1 given\)"),
        (lambda: ELBO(estimator="score_learned"), "takes a baseline: give one"),
        (lambda: IWAE(baseline=Baseline((3,))), "and no other, takes a baseline"),
        (lambda: Importance(alpha=float("-inf"), estimator="dreg"), "choose pathwise, or a finite alpha"),
        (lambda: ELBO(free_bits=0.1, estimator="stl"), "free bits and capacity need its mean"),
        (lambda: ELBO(capacity=3.0, estimator="dreg"), "free bits and capacity need its mean"),
        (lambda: ELBO(penalties=(Nudge(),), estimator="score"), "choose the estimator pathwise"),
    ],
)
def test_what_cannot_work_is_refused_when_it_is_made(build: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        build()


@pytest.mark.parametrize(
    ("options", "objective", "message"),
    [
        ({"posterior": "bernoulli"}, ELBO(), "reparameterised"),
        ({"posterior": "bernoulli"}, IWAE(3, estimator="dreg"), "reparameterised"),
        ({"posterior": "planar"}, ELBO(estimator="stl"), "density anywhere"),
        ({"posterior": "planar"}, ELBO(estimator="score"), "density anywhere"),
        ({"posterior": "maf", "transforms": 1}, ELBO(free_bits=0.1, estimator="score"), "independent latent"),
    ],
)
def test_a_model_that_lacks_what_the_estimator_needs_is_refused(
    options: dict[str, Any], objective: Objective, message: str
) -> None:
    model, _ = Instance("vae", REAL, {**SMALL, **options}).build()
    with pytest.raises(CompatibilityError, match=message):
        require(model, objective)


def test_several_groups_take_the_score_function_and_not_the_path_alone() -> None:
    model, _ = Instance("top_down", BINARY, {**SMALL, "top_dim": 2}).build()
    require(model, ELBO(estimator="score_loo", num_samples=2))
    require(model, IWAE(3, estimator="vimco"))
    with pytest.raises(CompatibilityError, match="one group"):
        require(model, IWAE(3, estimator="dreg"))


def test_two_groups_have_the_same_gradient_in_mean_under_the_score_function() -> None:
    # The KL of the lower group depends on the draw of the upper one, and so counts among what is sampled.
    model, _ = Instance("top_down", BINARY, {"latent_dim": 1, "hidden": (4,), "top_dim": 1, "between": (3,)}).build()
    x = Instance("top_down", BINARY).batch(2)
    parameters = [p for name, p in model.named_parameters() if name.startswith("encoder") or ".q." in name]

    def many(objective: Objective, repeats: int) -> Tensor:
        torch.manual_seed(0)
        rows = []
        for _ in range(repeats):
            parts = torch.autograd.grad(objective(model, x.repeat(40, 1, 1, 1), Step()).loss, parameters)
            rows.append(torch.cat([part.flatten() for part in parts]))
        return torch.stack(rows)

    path, score = many(ELBO(num_samples=2), 50), many(ELBO(num_samples=2, estimator="score_loo"), 150)
    standard = (path.var(0) / len(path) + score.var(0) / len(score)).sqrt()
    alive = standard > 1e-12
    z = (path.mean(0) - score.mean(0))[alive] / standard[alive]
    assert (z.abs() < 5).all()
    assert 5 * standard.norm() < 2 * path.mean(0).norm()


def test_sticking_the_landing_serves_a_flow_that_can_score_any_code() -> None:
    model, objective = Instance("stl", REAL, {**SMALL, "posterior": "maf", "transforms": 2}).build()
    x = Instance("stl", REAL).batch(1).repeat(60, 1)
    encoder = list(model.encoder.parameters())

    def many(objective: Objective) -> Tensor:
        torch.manual_seed(0)
        rows = [torch.autograd.grad(objective(model, x, Step()).loss, encoder) for _ in range(60)]
        return torch.stack([torch.cat([g.flatten() for g in row]) for row in rows])

    stl, path = many(objective), many(ELBO())
    standard = (stl.var(0) / 60 + path.var(0) / 60).sqrt()
    alive = standard > 1e-12
    assert ((stl.mean(0) - path.mean(0))[alive].abs() < 5 * standard[alive]).all()


def test_a_frozen_call_lets_gradients_pass_the_inputs_alone() -> None:
    layer, x = nn.Linear(3, 2).double(), torch.randn(4, 3, dtype=F64, requires_grad=True)
    out = frozen(layer, lambda value: layer(value).square().sum(), x)
    out.backward()
    assert layer.weight.grad is None
    assert layer.weight.requires_grad
    expected = torch.autograd.grad(layer(x).square().sum(), x)[0]
    torch.testing.assert_close(x.grad, expected)


def test_the_estimator_leaves_no_parameter_frozen() -> None:
    for estimator in ("stl", "dreg"):
        model, _ = Instance("vae", REAL, SMALL).build()
        ELBO(estimator=estimator)(model, torch.randn(3, 7, dtype=F64), Step()).loss.backward()
        assert all(p.requires_grad and p.grad is not None for p in model.parameters())


def test_a_learned_baseline_is_the_second_player_and_lowers_the_noise() -> None:
    torch.manual_seed(0)
    model, objective = recipe_named("bernoulli_score")(REAL, **SMALL, estimator="score_learned", num_samples=1)
    critic = objective.critic
    assert critic is not None
    x = torch.randn(64, 7) * torch.linspace(0.2, 4, 64)[:, None]  # rows that differ much in how well they are modelled
    optimiser = torch.optim.Adam(critic.parameters(), lr=0.01)
    before = float(objective(model, x, Step(), player=1).loss.detach())
    for _ in range(200):
        optimiser.zero_grad()
        loss = objective(model, x, Step(), player=1)
        loss.loss.backward()
        optimiser.step()
    assert float(loss.loss.detach()) < before / 2
    assert loss.terms["critic"].shape == (64,)
    assert all(p.grad is None for p in model.parameters())

    def noise(which: Objective) -> float:
        torch.manual_seed(1)
        encoder = list(model.encoder.parameters())
        rows = [torch.autograd.grad(which(model, x, Step()).loss, encoder) for _ in range(60)]
        return float(torch.stack([torch.cat([g.flatten() for g in row]) for row in rows]).var(0).sum())

    assert noise(objective) < noise(ELBO(estimator="score")) / 3


def test_a_lone_row_and_evaluation_without_gradients_work() -> None:
    for recipe, options in (
        ("bernoulli_score", {"estimator": "score_learned"}),
        ("dreg", {}),
        ("stl", {}),
        ("vimco", {"num_samples": 3}),
        ("piwae", {}),
    ):
        torch.manual_seed(0)
        core, objective = recipe_named(recipe)(REAL, **SMALL, **options)
        model = DataModel(core, REAL)
        x = torch.randn(1, 7)
        with torch.no_grad():
            quiet = objective(model.vae, x, Step())
        assert quiet.loss.isfinite()
        objective(model.vae, x, Step()).loss.backward()
        if objective.critic is not None:
            objective(model.vae, x, Step(), player=1).loss.backward()


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")
@pytest.mark.slow
@pytest.mark.parametrize(
    "objective",
    [
        ELBO(),
        IWAE(4),
        Importance(4, groups=2, alpha=0.5),
        PIWAE(2, 4),
        IWAE(4, estimator="dreg"),
        ELBO(estimator="stl"),
    ],
    ids=lambda objective: f"{type(objective).__name__}-{getattr(objective, 'estimator', '')}",
)
def test_compiled_gradients_are_those_of_the_plain_step(objective: Objective) -> None:
    # A hook on a tensor that compiled code both makes and uses would be bypassed.
    model, _ = Instance("vae", REAL, SMALL).build()
    x = torch.randn(4, 7, dtype=F64)
    results = []
    for function in (objective, torch.compile(objective.__call__, backend="aot_eager")):
        torch.manual_seed(0)
        results.append(torch.autograd.grad(function(model, x, Step()).loss, list(model.parameters())))
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b)

"""Oracle 14: the doubly reparameterised gradient; and the decoder's and encoder's bounds of partial weighting."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from latentia import bounds
from latentia.model import VAE
from latentia.names import EstimatorName
from latentia.objectives import IWAE, PIWAE, Importance, Loss, Objective, Step
from latentia.objectives.weighting import Weighting
from tests.exact.gradients import draws_of, gaussian_model, integrated, signal_to_noise, unbiased, weights_of
from tests.exact.linear_gaussian import F64
from tests.exact.mutants import killed
from tests.ledger import BINARY, REAL, Instance

ONE = torch.tensor([0.5, -0.3], dtype=F64)
TWO = torch.tensor([0.4, -0.3, 0.3, 0.2], dtype=F64)


def gradients(objective: Objective, model: VAE, x: Tensor) -> dict[str, Tensor]:
    torch.manual_seed(8)
    named = dict(model.named_parameters())
    found = torch.autograd.grad(objective(model, x, Step()).loss, list(named.values()))
    return dict(zip(named, found, strict=True))


def of_p(named: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: g for name, g in named.items() if name.startswith("likelihood") or ".p." in name}


def same_decoder_gradient(candidate: Objective, reference: Objective) -> None:
    for instance in (
        Instance("iwae", BINARY, {"latent_dim": 3, "hidden": (8,)}),
        Instance("iwae", REAL, {"latent_dim": 3, "hidden": (8,), "prior": "mixture", "components": 4}),
    ):
        model, _ = instance.build()
        ours, theirs = (of_p(gradients(each, model, instance.batch())) for each in (candidate, reference))
        assert ours
        for name, gradient in ours.items():
            torch.testing.assert_close(gradient, theirs[name], rtol=1e-10, atol=1e-12)


RELATIVES: tuple[dict[str, float], ...] = ({}, {"groups": 2}, {"alpha": 0.4}, {"elbo_share": 0.3, "alpha": -0.5})


@pytest.mark.parametrize("options", RELATIVES, ids=repr)
def test_14_the_decoder_has_the_gradient_of_iwae_on_the_same_draws(options: dict[str, float]) -> None:
    same_decoder_gradient(Importance(6, estimator="dreg", **options), Importance(6, **options))  # type: ignore[arg-type] # numbers by name


class _SquaredThroughout(Weighting):
    """The squared weights in the loss itself, where the decoder feels them too."""

    def within(self, log_w: Tensor, log_r: Tensor) -> Tensor:
        return (torch.softmax(log_w, 0).square().detach() * log_w).sum(0)


def test_14_mutants_of_the_decoder() -> None:
    with killed():
        same_decoder_gradient(Importance(6, estimator="dreg"), Importance(6, alpha=0.1))
    with killed():
        same_decoder_gradient(_Weighted(_SquaredThroughout()), Importance(6))


class _Weighted:
    """The loss that another weighting gives."""

    requires = IWAE().requires
    critic = None

    def __init__(self, weighting: Weighting) -> None:
        self.weighting = weighting

    def __call__(self, model: VAE, x: Tensor, step: Step, player: int = 0) -> Loss:
        trace = model.trace(x, num_samples=6)
        return Loss(-self.weighting(trace.log_w, trace.draw.log_r).mean())


def test_14_the_encoder_has_the_gradient_of_iwae_in_mean() -> None:
    # Against quadrature; with other bounds and estimators in tests/exact/test_gradients.py.
    unbiased(
        draws_of(IWAE(2, estimator="dreg"), gaussian_model, ONE, 80_000),
        integrated(weights_of(IWAE(2)), ONE),
        detectable=0.05,
    )


def means_agree(first: Tensor, second: Tensor) -> None:
    difference = first.mean(0) - second.mean(0)
    standard = (first.var(0) / len(first) + second.var(0) / len(second)).sqrt()
    assert (5 * standard).max() < 0.15 * second.mean(0).norm()
    assert (difference.abs() < 5 * standard).all()


def test_14_the_encoder_has_the_same_mean_with_more_samples_and_dimensions(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, doubly = (draws_of(IWAE(8, estimator=name), gaussian_model, TWO, 60_000) for name in ("pathwise", "dreg"))
    means_agree(doubly, plain)
    monkeypatch.setattr(Weighting, "path_scale", lambda self, log_w, log_r: torch.ones_like(log_w))
    with killed():  # the weights not squared: sticking the landing, which is biased
        means_agree(draws_of(IWAE(8, estimator="dreg"), gaussian_model, TWO, 60_000), plain)


def signal_over_k(estimator: EstimatorName) -> list[float]:
    return [
        signal_to_noise(draws_of(IWAE(k, estimator=estimator), gaussian_model, TWO, 4_000)) for k in (4, 16, 64, 256)
    ]


def grows(ratios: list[float]) -> None:
    """Like the root of K, or near it: by more than a half for every fourfold K."""
    assert all(after > 1.5 * before for before, after in pairwise(ratios))


def falls(ratios: list[float]) -> None:
    assert all(after < before for before, after in pairwise(ratios))
    assert ratios[-1] < ratios[0] / 3


def test_14_the_signal_grows_with_k_where_that_of_iwae_falls() -> None:
    doubly, plain = signal_over_k("dreg"), signal_over_k("pathwise")
    grows(doubly)
    falls(plain)
    with killed():
        grows(plain)
    with killed():
        falls(doubly)


def two_bounds(candidate: Objective) -> None:
    """p has the gradient of IWAE over all samples, q that of MIWAE, on the same draws."""
    instance = Instance("piwae", REAL, {"latent_dim": 3, "hidden": (8,), "prior": "mixture", "components": 4})
    model, _ = instance.build()
    x = instance.batch()
    ours = gradients(candidate, model, x)
    tight, loose = (gradients(each, model, x) for each in (IWAE(6), Importance(6, groups=3)))
    for name, gradient in ours.items():
        wanted = tight if name in of_p(ours) else loose
        torch.testing.assert_close(gradient, wanted[name], rtol=1e-9, atol=1e-11)


def test_partial_weighting_gives_each_half_its_own_bound() -> None:
    two_bounds(PIWAE(3, 6))
    for mutant in (IWAE(6), Importance(6, groups=3), PIWAE(2, 6)):
        with killed():
            two_bounds(mutant)


def test_partial_weighting_reports_the_tight_bound() -> None:
    model, _ = Instance("piwae", REAL, {"latent_dim": 3, "hidden": (8,)}).build()
    x = torch.randn(5, 7, dtype=F64)
    torch.manual_seed(3)
    loss = PIWAE(3, 6)(model, x, Step())
    torch.manual_seed(3)
    trace = model.trace(x, num_samples=6)
    torch.testing.assert_close(loss.terms["bound"], bounds.iwae(trace))
    torch.testing.assert_close(loss.loss, -loss.terms["bound"].mean())

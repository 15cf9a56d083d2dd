"""Heads of pixels and real data: sums over dimensions, exact log-odds, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Independent
from torch.nn.functional import binary_cross_entropy

from latentia.conditionals import (
    BernoulliHead,
    CategoricalHead,
    ContinuousBernoulliHead,
    DiscretizedLogisticHead,
    GaussianHead,
    LaplaceHead,
    Likelihood,
    LogisticMixtureHead,
    OptimalGaussianHead,
    StudentTHead,
)
from latentia.distributions import StudentT, bernoulli
from latentia.errors import CompatibilityError, ConfigurationError
from latentia.nets import MLP
from latentia.recipes import recipe_named
from tests.exact.mutants import killed
from tests.exact.quadrature import F64
from tests.ledger import LEVELS, PIXELS, REAL

Build = Callable[[tuple[int, ...]], nn.Module]

HEADS: dict[str, Build] = {
    "bernoulli": BernoulliHead,
    "continuous_bernoulli": ContinuousBernoulliHead,
    "gaussian": GaussianHead,
    "gaussian predicted": lambda shape: GaussianHead(shape, scale="predicted"),
    "optimal": lambda shape: OptimalGaussianHead(shape).eval(),
    "laplace": LaplaceHead,
    "student_t": StudentTHead,
    "discretized_logistic": lambda shape: DiscretizedLogisticHead(shape, levels=5),
    "logistic_mixture": lambda shape: LogisticMixtureHead(shape, levels=5, logistics=3),
    "categorical": lambda shape: CategoricalHead(shape, levels=5),
}


def features_of(head: nn.Module, *lead: int) -> Tensor:
    """What a decoder gives, float64."""
    return torch.randn(torch.Size(lead) + torch.Size(head.parameter_shape), dtype=F64)  # type: ignore[arg-type] # nn.Module attributes are untyped


heads = pytest.mark.parametrize("build", HEADS.values(), ids=HEADS)


@heads
@pytest.mark.parametrize("shape", [(3, 4, 2), (1, 4, 2), (4,)])
def test_log_prob_is_a_sum_over_pixels(build: Build, shape: tuple[int, ...]) -> None:
    """Two pictures side by side score as the two together: with a mean over pixels they would not."""
    torch.manual_seed(0)
    double = (2 * shape[0],) if len(shape) == 1 else (shape[0], 2 * shape[1], shape[2])
    one, two = build(shape).double(), build(double).double()
    x = torch.randint(0, 2, (5, *double)).double()
    features = features_of(two, 2, 5)
    # The dimension that is doubled, counted from the end.
    at = -1 if len(shape) == 1 else -2

    def adds_up(score: Callable[[nn.Module, Tensor, Tensor], Tensor]) -> None:
        parts = [score(one, f, y) for f, y in zip(features.chunk(2, at), x.chunk(2, at), strict=True)]
        torch.testing.assert_close(score(two, features, x), parts[0] + parts[1])

    adds_up(lambda head, f, y: head(f).log_prob(y))
    with killed():  # the mean over pixels
        adds_up(lambda head, f, y: head(f).log_prob(y) / y[0].numel())
    assert two(features).log_prob(x).shape == (2, 5)
    assert two(features).mean.shape == two(features).sample().shape == (2, 5, *double)


def exact_at_forty(score: Callable[[Tensor, Tensor], Tensor]) -> None:
    logits = torch.tensor([40.0, 40.0, -40.0, -40.0], requires_grad=True)
    x = torch.tensor([1.0, 0.0, 1.0, 0.0])
    found = score(logits, x)
    wide = logits.detach().double()
    # log sigmoid(t) = min(t, 0) - log(1 + e^-|t|)
    exact = torch.where(x == 1, wide, -wide).clamp_max(0) - torch.log1p(torch.exp(-wide.abs()))
    torch.testing.assert_close(found.double(), exact, rtol=1e-6, atol=1e-12)
    (gradient,) = torch.autograd.grad(found.sum(), logits)
    torch.testing.assert_close(gradient.double(), x - torch.sigmoid(wide), rtol=1e-6, atol=1e-12)


def test_log_odds_are_exact_where_probabilities_round_to_one() -> None:
    exact_at_forty(lambda logits, x: bernoulli(logits, 0).log_prob(x))
    with killed():
        exact_at_forty(lambda logits, x: -binary_cross_entropy(torch.sigmoid(logits), x, reduction="none"))


@heads
def test_half_precision_is_scored_in_float32(build: Build) -> None:
    head = build((3, 2, 2))
    px = head(features_of(head, 4).to(torch.bfloat16))
    assert px.log_prob(torch.zeros(4, 3, 2, 2)).dtype == torch.float32


def test_degrees_of_freedom_are_learned_above_two_or_fixed() -> None:
    def of(head: StudentTHead) -> Tensor:
        px = head(torch.zeros(1, 4))
        assert isinstance(px, Independent)
        assert isinstance(px.base_dist, StudentT)
        return px.base_dist.df.detach()

    head = StudentTHead((4,))
    assert 7 < float(of(head)) < 9
    for raw in (-1e6, -1.0, 1.0, 1e6):
        nn.init.constant_(head.raw_freedom, raw)
        assert 2.01 < float(of(head)) < 151
    assert float(of(StudentTHead((4,), freedom=2.5))) == 2.5
    assert not list(StudentTHead((4,), scale="fixed", freedom=2.5).parameters())
    for freedom in (2.0, 1.0, float("nan"), float("inf")):
        with pytest.raises(ConfigurationError, match="above 2"):
            StudentTHead((4,), freedom=freedom)


def test_components_of_a_mixture_start_spread_and_a_single_one_is_the_plain_logistic() -> None:
    x = torch.randint(0, 17, (6, 1, 4, 4)).double() / 16
    single = LogisticMixtureHead((1, 4, 4), levels=17, logistics=1).double()
    plain = DiscretizedLogisticHead((1, 4, 4), levels=17).double()
    features = torch.randn(6, 2, 1, 4, 4, dtype=F64)
    same = torch.cat([torch.zeros(6, 1, 4, 4, dtype=F64), features[:, :, 0]], 1)
    torch.testing.assert_close(single(same).log_prob(x), plain(features).log_prob(x))
    spread = LogisticMixtureHead((3, 2, 2), levels=256, logistics=4)
    loc = spread(torch.zeros(1, *spread.parameter_shape)).loc[0, :, 0, 0, 0]
    torch.testing.assert_close(loc, torch.tensor([0.125, 0.375, 0.625, 0.875]))
    assert spread.parameter_shape == (40, 2, 2)


def test_missing_values_are_refused_where_colours_depend_on_one_another() -> None:
    for build in HEADS.values():
        head = build((1, 2, 2))
        shape = tuple(features_of(head).shape)
        likelihood = Likelihood(MLP((3,), shape), head, missing=True)
        x = torch.tensor([[[[torch.nan, 0.0], [1.0, torch.nan]]]])
        px = likelihood(torch.zeros(5, 1, 3))
        assert px.log_prob(x).shape == (5, 1)
        assert px.log_prob(x).isfinite().all()
        assert px.mean.isfinite().all()
    with pytest.raises(CompatibilityError, match=r"LogisticMixtureHead.*discretized_logistic"):
        Likelihood(nn.Identity(), LogisticMixtureHead((3, 2, 2)), missing=True)


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (REAL, {"likelihood": "categorical"}, "equally spaced levels"),
        (REAL, {"likelihood": "logistic_mixture"}, "equally spaced levels"),
        (LEVELS, {"likelihood": "logistic_mixture", "logistics": 0}, "at least one component"),
        (LEVELS, {"likelihood": "logistic_mixture", "scale": "shared"}, "no scale to choose"),
        (LEVELS, {"likelihood": "continuous_bernoulli", "scale": "fixed"}, "no scale to choose"),
        (REAL, {"likelihood": "laplace", "scale": "optimal"}, "for laplace choose scale shared"),
        (LEVELS, {"likelihood": "discretized_logistic", "scale": "optimal"}, "squared residuals"),
        (REAL, {"likelihood": "student_t", "freedom": 1.5}, "freedom is 1.5"),
    ],
)
def test_options_that_do_not_fit_are_refused(data: object, options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        recipe_named("vae")(data, **options)


def test_sigma_vae_is_a_gaussian_of_one_calibrated_sigma() -> None:
    with pytest.raises(ConfigurationError, match="optimal or shared"):
        recipe_named("sigma_vae")(REAL, scale="fixed")
    with pytest.raises(ConfigurationError, match="not laplace and optimal"):
        recipe_named("sigma_vae")(REAL, likelihood="laplace")
    with pytest.raises(ConfigurationError, match="use OptimalGaussianHead"):
        GaussianHead((3,), scale="optimal")


def test_names_of_families_are_those_of_the_table() -> None:
    from latentia.recipes.likelihoods import HEADS as TABLE

    for name, spec in {"laplace": REAL, "student_t": REAL, "categorical": LEVELS, "logistic_mixture": PIXELS}.items():
        model, _ = recipe_named("vae")(spec, likelihood=name, hidden=(4,), network="mlp")
        assert model.likelihood.head.family == name
        assert name in TABLE

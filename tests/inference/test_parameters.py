"""Constrained parameters and one vector: a bijection whose log-determinant is that of its Jacobian."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.distributions import Distribution, Gamma, Normal, constraints
from torch.distributions.transforms import CorrCholeskyTransform

from latentia.errors import CompatibilityError, ConfigurationError
from latentia.inference.parameters import LogJoint, Parameter, Parameters, Values
from tests.exact.mutants import killed

WHERE = Parameters(
    {
        "w": (2, 3),
        "scale": Parameter((2,), constraints.positive),
        "share": Parameter((3,), constraints.simplex),
        "rows": Parameter((2, 3), constraints.simplex),
        "p": Parameter((), constraints.interval(-1.0, 2.0)),
        "late": Parameter((), constraints.greater_than(5.0)),
        "vector": Parameter((2,), constraints.real_vector),
        "root": Parameter((3, 3), constraints.corr_cholesky),
    }
)


def _theta(*lead: int) -> Tensor:
    return torch.randn(*lead, WHERE.size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_there_and_back() -> None:
    theta = _theta(4, 5)
    values, log_det = WHERE.constrain(theta)
    assert WHERE.size == 6 + 2 + 2 + 4 + 1 + 1 + 2 + 3
    assert {name: tuple(v.shape[2:]) for name, v in values.items()} == {n: p.shape for n, p in WHERE.layout.items()}
    assert all(bool(WHERE.layout[name].support.check(value).all()) for name, value in values.items())
    assert log_det.shape == (4, 5)
    torch.testing.assert_close(WHERE.unconstrain(values), theta, rtol=1e-8, atol=1e-8)


def test_coordinates_are_named() -> None:
    names = WHERE.coordinates
    assert len(names) == len(set(names)) == WHERE.size
    assert names[:4] == ("w[0,0]", "w[0,1]", "w[0,2]", "w[1,0]")
    assert "p" in names


def _as_vector(values: Values) -> Tensor:
    """Coordinates of the constrained values, without those that the others fix."""
    root = values["root"]
    parts = [
        values["w"].flatten(),
        values["scale"],
        values["share"][:-1],
        values["rows"][:, :-1].flatten(),
        values["p"][None],
        values["late"][None],
        values["vector"],
        torch.stack([root[1, 0], root[2, 0], root[2, 1]]),
    ]
    return torch.cat(parts)


def log_det_is_that_of_the_jacobian(where: Parameters) -> None:
    for theta in _theta(3):
        jacobian = torch.autograd.functional.jacobian(lambda t: _as_vector(where.constrain(t)[0]), theta)
        exact = torch.linalg.slogdet(jacobian).logabsdet
        torch.testing.assert_close(where.constrain(theta)[1], exact, rtol=1e-9, atol=1e-9)


def test_the_log_determinant_is_that_of_the_jacobian() -> None:
    log_det_is_that_of_the_jacobian(WHERE)


def test_a_dropped_log_determinant_is_caught() -> None:
    class Dropped(Parameters):
        def constrain(self, theta: Tensor) -> tuple[Values, Tensor]:
            values, log_det = super().constrain(theta)
            return values, log_det - theta[..., 6]  # that of one exponential

    with killed():
        log_det_is_that_of_the_jacobian(Dropped(WHERE.layout))


ONES = torch.ones(4, dtype=torch.float64)


def _joint(values: Values) -> Tensor:
    rate = values["rate"]
    prior: Tensor = Gamma(2.0, 3.0).log_prob(rate)
    likelihood: Tensor = Normal(values["mean"], rate).log_prob(ONES).sum()
    return prior + likelihood


def _batched_joint(values: Values) -> Tensor:
    rate = values["rate"]
    prior: Tensor = Gamma(2.0, 3.0).log_prob(rate)
    likelihood: Tensor = Normal(values["mean"][:, None], rate[:, None]).log_prob(ONES).sum(-1)
    return prior + likelihood


@pytest.mark.parametrize(("joint", "batched"), [(_joint, False), (_batched_joint, True)])
def test_a_target_is_the_density_of_the_vector(joint: LogJoint, batched: bool) -> None:
    where = Parameters({"mean": (), "rate": Parameter((), constraints.positive)})
    theta = torch.randn(5, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    rate = theta[:, 1].exp()
    by_hand = Gamma(2.0, 3.0).log_prob(rate) + 4 * Normal(theta[:, 0], rate).log_prob(torch.ones(())) + theta[:, 1]
    torch.testing.assert_close(where.target(joint, batched=batched)(theta), by_hand)


def test_checks_of_distributions_are_as_before() -> None:
    before = Distribution._validate_args
    where = Parameters({"mean": (), "rate": Parameter((), constraints.positive)})
    where.target(_joint)(torch.zeros(2, 2))
    assert Distribution._validate_args is before

    def broken(values: Values) -> Tensor:
        raise KeyError(next(iter(values)))

    with pytest.raises(KeyError):
        where.target(broken)(torch.zeros(2, 2))
    assert Distribution._validate_args is before


@pytest.mark.parametrize(
    ("layout", "words"),
    [
        ({}, "no parameters"),
        ({"w": (0,)}, "positive whole numbers"),
        ({"w": Parameter((2,), constraints.boolean)}, "discrete"),
        ({"w": Parameter((2, 2), constraints.positive_definite)}, "corr_cholesky"),
        ({"w": Parameter((), constraints.simplex)}, "does not fit"),
        ({"w": Parameter((2, 3), constraints.corr_cholesky)}, "does not fit"),
    ],
)
def test_layouts_that_cannot_be(layout: dict[str, Parameter | tuple[int, ...]], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        Parameters(layout)


def test_values_that_do_not_fit() -> None:
    where = Parameters({"w": (2,), "scale": Parameter((), constraints.positive)})
    with pytest.raises(CompatibilityError, match="take"):
        where.constrain(torch.zeros(2, 4))
    with pytest.raises(CompatibilityError, match="a value for each"):
        where.unconstrain({"w": torch.zeros(2)})
    with pytest.raises(CompatibilityError, match="scale has shape"):
        where.unconstrain({"w": torch.zeros(3, 2), "scale": torch.ones(2)})
    with pytest.raises(ConfigurationError, match="outside its support"):
        where.unconstrain({"w": torch.zeros(2), "scale": torch.zeros(())})
    with pytest.raises(CompatibilityError, match="one number"):
        where.target(lambda values: values["w"])(torch.zeros(2, 3))
    with pytest.raises(CompatibilityError, match=r"shape \(2,\)"):
        where.target(lambda values: values["w"], batched=True)(torch.zeros(2, 3))


def test_a_correlation_starts_as_independence() -> None:
    where = Parameters({"root": Parameter((3, 3), constraints.corr_cholesky)})
    values, _ = where.constrain(torch.zeros(where.size))
    torch.testing.assert_close(values["root"], torch.eye(3))
    assert isinstance(where._transforms["root"], CorrCholeskyTransform)

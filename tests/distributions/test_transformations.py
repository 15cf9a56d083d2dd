"""Oracle 21: log-determinants against autograd's Jacobians, inverses, triangular masks; and maps stay one-to-one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from latentia.conditionals.flow_posterior import FlowPosteriorKind
from latentia.conditionals.flow_steps import AutoregressiveStep
from latentia.distributions.affine import Affine
from latentia.distributions.flow import Flow, Transformation, invertible
from latentia.distributions.planar import Planar, Radial, above_minus_one
from latentia.distributions.sylvester import Sylvester
from tests.distributions.flows import EVALUABLE, F64, POSTERIORS, PRIORS, disturbed, posterior, prior
from tests.exact.mutants import killed

TOLERANCE = 1e-10
INVERSE_TOLERANCE = 1e-7
"""A spline's slope reaches 1000, by which its inverse multiplies rounding errors."""
Map = Callable[[Tensor], tuple[Tensor, Tensor]]

FLOWS = [
    *((f"{kind}-{dim}", posterior(kind, dim)) for kind in POSTERIORS for dim in (1, 2, 5)),
    *((f"{kind} prior-{dim}", prior(kind, dim)) for kind in PRIORS for dim in (1, 2, 5)),
]
every = pytest.mark.parametrize("flow", [flow for _, flow in FLOWS], ids=[name for name, _ in FLOWS])
every_with_inverse = pytest.mark.parametrize(
    "flow", [flow for _, flow in FLOWS if flow.evaluable], ids=[name for name, flow in FLOWS if flow.evaluable]
)


def points(num: int, dim: int) -> Tensor:
    return 1.5 * torch.randn(num, dim, generator=torch.Generator().manual_seed(3), dtype=F64)


def jacobian(function: Map, u: Tensor) -> Tensor:
    found: Tensor = torch.autograd.functional.jacobian(lambda row: function(row)[0], u)
    return found


def agrees_with_the_jacobian(function: Map, dim: int) -> None:
    for u in points(6, dim):
        exact = torch.linalg.slogdet(jacobian(function, u)).logabsdet
        assert abs(float(function(u)[1].detach() - exact)) < TOLERANCE


@every
def test_21_the_log_determinant_is_that_of_the_jacobian(flow: Flow) -> None:
    dim = flow.event_shape.numel()
    for each in flow.transformations:
        agrees_with_the_jacobian(each.push, dim)
        if invertible(each):
            agrees_with_the_jacobian(each.pull, dim)


def inverse_negates(each: Transformation, pull: Map, dim: int) -> None:
    u = points(50, dim)
    z, log_det = each.push(u)
    back, inverse_log_det = pull(z)
    torch.testing.assert_close(back, u, rtol=0, atol=INVERSE_TOLERANCE)
    torch.testing.assert_close(log_det + inverse_log_det, torch.zeros_like(log_det), rtol=0, atol=INVERSE_TOLERANCE)


@every_with_inverse
def test_21_the_inverse_leads_back_and_its_log_determinant_is_the_negative(flow: Flow) -> None:
    for each in flow.transformations:
        assert invertible(each)
        inverse_negates(each, each.pull, flow.event_shape.numel())


def scaled(function: Map, factor: float) -> Map:
    """A mutant whose log-determinant is multiplied: dropped at 0, with the wrong sign at -1."""

    def changed(u: Tensor) -> tuple[Tensor, Tensor]:
        image, log_det = function(u)
        return image, factor * log_det

    return changed


@pytest.mark.parametrize("kind", POSTERIORS)
def test_21_mutants_of_the_log_determinant(kind: FlowPosteriorKind) -> None:
    push = posterior(kind, 3).transformations[0].push
    for factor in (0.0, -1.0):
        with killed():
            agrees_with_the_jacobian(scaled(push, factor), 3)


@pytest.mark.parametrize("kind", EVALUABLE)
def test_21_mutants_of_the_inverse(kind: FlowPosteriorKind) -> None:
    each = posterior(kind, 3).transformations[0]
    assert invertible(each)
    with killed():  # the sign of the forward direction
        inverse_negates(each, scaled(each.pull, -1.0), 3)
    with killed():  # the forward map again
        inverse_negates(each, each.push, 3)


def forbidden_entries_are_zero(step: AutoregressiveStep, forbidden: Tensor) -> None:
    transformation = step()
    for u in points(3, len(forbidden)):
        assert invertible(transformation)
        function = transformation.pull if step.inverted else transformation.push
        entries = jacobian(function, u)
        assert torch.equal(entries[forbidden], torch.zeros_like(entries[forbidden]))
        # Not by having no dependence at all.
        allowed = entries[~forbidden & ~torch.eye(len(forbidden), dtype=torch.bool)]
        assert allowed.count_nonzero() > 0


def step_of(univariate: str, *, reverse: bool, coupling: bool, inverted: bool) -> AutoregressiveStep:
    step = AutoregressiveStep(5, univariate, reverse=reverse, coupling=coupling, inverted=inverted)  # type: ignore[arg-type]
    disturbed(step, 1, 0.8)
    return step.double()


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("univariate", ["affine", "spline"])
def test_21_masked_jacobians_are_exactly_triangular(univariate: str, inverted: bool) -> None:
    later = torch.ones(5, 5).triu(1).bool()
    ascending = step_of(univariate, reverse=False, coupling=False, inverted=inverted)
    forbidden_entries_are_zero(ascending, later)
    forbidden_entries_are_zero(step_of(univariate, reverse=True, coupling=False, inverted=inverted), later.T)
    halves = torch.eye(5).bool()
    halves[3:, :3] = True
    forbidden_entries_are_zero(step_of(univariate, reverse=False, coupling=True, inverted=inverted), ~halves)
    with killed():  # the other order
        forbidden_entries_are_zero(ascending, later.T)


def test_21_a_mutant_without_masks() -> None:
    step = step_of("affine", reverse=False, coupling=False, inverted=False)
    for layer in step.masked.hyper:  # type: ignore[union-attr] # a Sequential
        if hasattr(layer, "mask"):
            layer.mask.fill_(True)
    with killed():
        forbidden_entries_are_zero(step, torch.ones(5, 5).triu(1).bool())


def stays_one_to_one(make: Callable[[Tensor], Transformation], size: int, dtype: torch.dtype) -> None:
    """Any parameters, however extreme, leave a finite log-determinant that autograd's Jacobian shares the sign of."""
    torch.manual_seed(0)
    for scale in (0.1, 3.0, 30.0, 300.0):
        for _ in range(20):
            each = make(scale * torch.randn(size, dtype=dtype))
            for u in points(3, 3).to(dtype):
                image, log_det = each.push(u)
                assert image.isfinite().all()
                assert log_det.isfinite().all()
                if dtype == F64 and scale < 100:  # beyond, autograd's own entries cancel
                    assert torch.linalg.slogdet(jacobian(each.push, u)).sign > 0


def planar(raw: Tensor) -> Planar:
    return Planar(raw[:3], raw[3:6], raw[6])


def radial(raw: Tensor) -> Radial:
    return Radial(raw[:3], raw[3].clamp(-8, 8), raw[4])


def sylvester(raw: Tensor) -> Sylvester:
    return Sylvester(raw[:9].reshape(3, 3), raw[9:12], raw[12:15], raw[15:21].reshape(2, 3))


@pytest.mark.parametrize("dtype", [F64, torch.float32])
@pytest.mark.parametrize(("make", "size"), [(planar, 7), (radial, 5), (sylvester, 21)])
def test_every_parameter_vector_gives_a_one_to_one_map(
    make: Callable[[Tensor], Transformation], size: int, dtype: torch.dtype
) -> None:
    stays_one_to_one(make, size, dtype)


class Unconstrained(Planar):
    """u taken as it comes."""

    def __init__(self, u: Tensor, w: Tensor, b: Tensor) -> None:
        super().__init__(u, w, b)
        self._along, self._shift = (w * u).sum(-1, keepdim=True), u


def test_a_mutant_without_the_constraint() -> None:
    with killed():
        stays_one_to_one(lambda raw: Unconstrained(raw[:3], raw[3:6], raw[6]), 7, F64)


def test_the_constraint_keeps_zero_and_rises_from_minus_one() -> None:
    raw = torch.linspace(-50, 50, 1001, dtype=F64)
    value = above_minus_one(raw)
    assert (value > -1).all()
    assert (value.diff() >= 0).all()
    assert abs(float(above_minus_one(torch.zeros((), dtype=F64)))) < 1e-15


def test_a_sylvester_transformation_turns_by_an_orthogonal_matrix() -> None:
    torch.manual_seed(0)
    each = sylvester(torch.randn(21, dtype=F64))
    eye = torch.eye(3, dtype=F64)
    turned = each._turned(eye, back=False)
    torch.testing.assert_close(turned @ turned.T, eye, rtol=0, atol=1e-14)
    torch.testing.assert_close(each._turned(turned, back=True), eye, rtol=0, atol=1e-14)


def test_zero_parameters_are_the_identity() -> None:
    u = points(4, 3)
    zero = torch.zeros(21, dtype=F64)
    zero[3:6] = 1.0  # a planar one still has its planes
    for each in (planar(zero), Radial(u[0], zero[0], zero[1]), sylvester(0 * zero), Affine(zero[:3], zero[:3])):
        z, log_det = each.push(u)
        torch.testing.assert_close(z, u, rtol=0, atol=1e-14)
        torch.testing.assert_close(log_det.expand(4), torch.zeros(4, dtype=F64), rtol=0, atol=1e-14)

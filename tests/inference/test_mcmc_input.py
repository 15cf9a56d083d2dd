"""What cannot be sampled is refused in words."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.distributions import Distribution, Normal, constraints

from latentia.errors import CompatibilityError, ConfigurationError, LatentiaError, NonFiniteError
from latentia.inference.mcmc import Parameter, sample, sample_parameters


def bell(z: Tensor) -> Tensor:
    return -z.square().sum(-1) / 2


@pytest.mark.parametrize(
    ("log_prob", "initial", "error", "words"),
    [
        (bell, torch.zeros(3), CompatibilityError, "one row a chain"),
        (bell, torch.zeros(3, 2, dtype=torch.long), CompatibilityError, "floating-point"),
        (bell, torch.zeros(0, 2), CompatibilityError, "one row a chain"),
        (lambda z: -z.square() / 2, torch.zeros(3, 2), CompatibilityError, "one number a chain"),
        (lambda z: bell(z).sum(), torch.zeros(3, 2), CompatibilityError, "one number a chain"),
        (lambda z: bell(z.detach()), torch.zeros(3, 2), ConfigurationError, "no gradient"),
        (lambda z: torch.zeros(3), torch.zeros(3, 2), ConfigurationError, "no gradient"),
        (lambda z: bell(z) / 0, torch.zeros(3, 2), NonFiniteError, "chain 0 starts"),
        (lambda z: bell(z).log(), torch.ones(3, 2), NonFiniteError, "3 of 3 chains"),
        (bell, torch.tensor([[0.0], [math.inf]]), NonFiniteError, "chain 1 starts"),
        (lambda z: z[:, 0].abs().sqrt(), torch.zeros(3, 2), NonFiniteError, "not finite"),
    ],
)
def test_densities_and_starts(log_prob: Any, initial: Tensor, error: type[LatentiaError], words: str) -> None:
    with pytest.raises(error, match=words):
        sample(log_prob, initial, num_samples=2, warmup=2)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"method": "gibbs"}, "nuts, hmc"),
        ({"mass": "full"}, "dense"),
        ({"num_samples": 0}, "1 or more"),
        ({"warmup": -1}, "0 or more"),
        ({"num_steps": 0}, "1 or more"),
        ({"max_tree_depth": 0}, "between 1 and 20"),
        ({"target_accept": 1.0}, "between 0 and 1"),
    ],
)
def test_options(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        sample(bell, torch.zeros(2, 2), **options)


def test_groups_and_chains() -> None:
    with pytest.raises(CompatibilityError, match="groups of equal size"):
        sample(bell, torch.zeros(3, 2), groups=2)
    with pytest.raises(ConfigurationError, match="1 or more"):
        sample_parameters(lambda v: -v["w"].square(), {"w": ()}, chains=0)


def test_an_error_of_the_users_own_passes() -> None:
    def broken(z: Tensor) -> Tensor:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        sample(broken, torch.zeros(2, 2))


def test_a_scale_that_overflows_is_a_rejected_step_and_checks_return() -> None:
    before = Distribution._validate_args

    def log_prob(z: Tensor) -> Tensor:
        total: Tensor = Normal(0.0, z[:, 0].exp()).log_prob(z[:, 1]) - z[:, 0].square() / 2
        return total

    drawn = sample(log_prob, torch.tensor([[0.0, 0.0], [20.0, 1e6]]), num_samples=10, warmup=30, max_tree_depth=3)
    assert bool(drawn.draws.isfinite().all())
    assert Distribution._validate_args is before


def test_a_start_of_named_parameters() -> None:
    layout: dict[str, Parameter | tuple[int, ...]] = {"w": (), "scale": Parameter((), constraints.positive)}
    start = {"w": torch.tensor([1.0, 2.0, 3.0]), "scale": torch.tensor([1.0, 2.0, 3.0])}

    def joint(v: dict[str, Tensor]) -> Tensor:
        return -v["w"].square() - v["scale"]

    drawn = sample_parameters(joint, layout, initial=start, num_samples=2, warmup=0)
    assert drawn.values["scale"].shape == (3, 2)
    assert drawn.draws.dtype == torch.float64
    with pytest.raises(ConfigurationError, match="outside its support"):
        sample_parameters(joint, layout, initial={**start, "scale": -start["scale"]})

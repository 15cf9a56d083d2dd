"""Distributions against Pyro's on equal parameters and values."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize

from latentia.distributions import (
    DiscretizedLogistic,
    VonMisesFisher,
    categories,
    mixture_of_normals,
    relaxed_bernoulli,
    relaxed_categorical,
)
from tests.distributions.flows import F64
from tests.exact.mutants import killed
from tests.peers.pyro_vae import dist
from tests.peers.small_vae import equal, noise


def test_on_the_ordinary_sphere_von_mises_and_fisher_are_pyros() -> None:
    loc, kappa = normalize(noise(6, 3), dim=-1), torch.tensor([0.01, 0.5, 3.0, 30.0, 300.0, 700.0], dtype=F64)
    z = normalize(noise(5, 6, 3, seed=3), dim=-1)

    def agrees(kappa_of_theirs: Tensor) -> None:
        theirs = dist.VonMises3D(loc * kappa_of_theirs[:, None])
        equal(VonMisesFisher(loc, kappa).log_prob(z), theirs.log_prob(z), 1e-9)

    agrees(kappa)
    with killed():
        agrees(kappa * 1.001)


def test_a_sharp_bump_overflows_in_pyro_and_not_here() -> None:
    # Pyro has log kappa - log sinh kappa - log 4 pi, and sinh overflows from 711 on (from 90 on in float32).
    loc, kappa = torch.eye(3, dtype=F64)[0], torch.tensor(1000.0, dtype=F64)
    assert dist.VonMises3D(loc * kappa).log_prob(loc) == -torch.inf
    exact = kappa.log() - torch.log(torch.tensor(2 * torch.pi, dtype=F64))  # kappa / (2 pi (1 - e^(-2 kappa)))
    equal(VonMisesFisher(loc, kappa).log_prob(loc), exact)


def test_bins_of_a_logistic_are_differences_of_pyros() -> None:
    loc, log_scale, levels = 0.5 + 0.2 * noise(7), -2 + noise(7, seed=3) / 2, 16
    x = torch.arange(levels, dtype=F64)[:, None] / (levels - 1)
    half = 0.5 / (levels - 1)
    theirs = dist.Logistic(loc, log_scale.exp())
    above, below = theirs.cdf(x + half), theirs.cdf(x - half)
    above[-1], below[0] = 1.0, 0.0
    equal(DiscretizedLogistic(loc, log_scale, levels).log_prob(x).exp(), above - below)
    with killed():  # bins as wide as 1 / levels
        equal(DiscretizedLogistic(loc, log_scale, levels + 1).log_prob(x).exp(), above - below)


def test_a_mixture_of_diagonal_gaussians_is_pyros() -> None:
    logits, loc, scale = noise(4), noise(4, 3, seed=3), noise(4, 3, seed=4).exp()
    z = 3 * noise(9, 3, seed=5)
    theirs = dist.MixtureOfDiagNormals(loc, scale, logits)
    equal(mixture_of_normals(logits, loc, scale).log_prob(z), theirs.log_prob(z))
    with killed():
        equal(mixture_of_normals(torch.zeros(4, dtype=F64), loc, scale).log_prob(z), theirs.log_prob(z))


def test_one_hot_categories_are_pyros() -> None:
    logits = noise(6, 4)
    z = torch.eye(4, dtype=F64)[:, None]
    equal(categories(logits, 1).log_prob(z), dist.OneHotCategorical(logits=logits).log_prob(z))
    with killed():
        equal(categories(-logits, 1).log_prob(z), dist.OneHotCategorical(logits=logits).log_prob(z))


def test_softened_tosses_have_the_density_of_pyros_before_they_are_rounded() -> None:
    # Pyro hands on the rounded sample and scores the soft one behind it: a density, which a rounded value has not.
    logits, temperature = noise(6), 0.7
    theirs = dist.RelaxedBernoulliStraightThrough(torch.tensor(temperature, dtype=F64), logits=logits)
    torch.manual_seed(0)
    hard = theirs.rsample((40,))
    soft = hard._unquantize
    assert ((hard == 0) | (hard == 1)).all()
    equal(relaxed_bernoulli(logits, temperature).log_prob(soft), theirs.to_event(1).log_prob(hard))
    with killed():
        equal(relaxed_bernoulli(logits, 0.6).log_prob(soft), theirs.to_event(1).log_prob(hard))


def test_softened_categories_have_the_density_of_pyros_before_they_are_rounded() -> None:
    logits, temperature = noise(6, 4), 0.7
    theirs = dist.RelaxedOneHotCategoricalStraightThrough(torch.tensor(temperature, dtype=F64), logits=logits)
    torch.manual_seed(0)
    hard = theirs.rsample((40,))
    soft = hard._unquantize
    assert (hard.sum(-1) == 1).all()
    # The shares of the soft sample add up to one only to rounding, and near an edge their powers magnify it.
    equal(relaxed_categorical(logits, temperature).log_prob(soft), theirs.log_prob(hard), 1e-8)
    with killed():
        equal(relaxed_categorical(logits, 0.6).log_prob(soft), theirs.log_prob(hard), 1e-8)

"""Our networks as a model and a guide of Pyro's, with the noise of the guide given by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.distributions import Independent, register_kl
from torch.distributions.kl import _kl_independent_independent

from latentia.model import VAE
from tests.peers.small_vae import LATENT, moments

REASON = "compares with Pyro, which the extra 'peers' installs"
pyro: Any = pytest.importorskip("pyro", reason=REASON)
dist: Any = pytest.importorskip("pyro.distributions", reason=REASON)
infer: Any = pytest.importorskip("pyro.infer", reason=REASON)
transforms: Any = pytest.importorskip("pyro.distributions.transforms", reason=REASON)

# Pyro's import puts a divergence of its own in place of torch's for the whole process, that is for all other tests too.
register_kl(Independent, Independent)(_kl_independent_independent)


class HeldNormal(dist.Normal):  # type: ignore[misc] # Pyro is untyped
    """A Gaussian whose reparameterised draw has the noise `eps`."""

    def __init__(self, loc: Tensor, scale: Tensor, eps: Tensor) -> None:
        super().__init__(loc, scale)
        self.eps = eps

    def expand(self, batch_shape: Any, _instance: Any = None) -> HeldNormal:
        return HeldNormal(self.loc.expand(batch_shape), self.scale.expand(batch_shape), self.eps)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        assert self._extended_shape(torch.Size(sample_shape)) == self.eps.shape
        z: Tensor = self.loc + self.scale * self.eps
        return z


class HeldBernoulli(dist.Bernoulli):  # type: ignore[misc] # Pyro is untyped
    """Coin tosses that came out as `tossed`."""

    def __init__(self, logits: Tensor, tossed: Tensor) -> None:
        super().__init__(logits=logits)
        self.tossed = tossed

    def expand(self, batch_shape: Any, _instance: Any = None) -> HeldBernoulli:
        return HeldBernoulli(self.logits.expand(batch_shape), self.tossed)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        assert self._extended_shape(torch.Size(sample_shape)) == self.tossed.shape
        return self.tossed


@dataclass(frozen=True)
class PyroVAE:
    """p(x, z) and q(z|x) in Pyro's language, from our networks.

    Args:
        ours: A model with binary x.
        prior: Of one z, with the event in its event shape.
        guided: From x to the distribution that the guide draws z from.
    """

    ours: VAE
    prior: Any
    guided: Callable[[Tensor], Any]

    def model(self, x: Tensor) -> None:
        pyro.module("ours", self.ours)
        with pyro.plate("rows", len(x)):
            z = pyro.sample("z", self.prior)
            px: Any = self.ours.px(z)
            pyro.sample("x", dist.Bernoulli(logits=px.base_dist.logits).to_event(1), obs=x)

    def guide(self, x: Tensor) -> None:
        pyro.module("ours", self.ours)
        with pyro.plate("rows", len(x)):
            pyro.sample("z", self.guided(x))

    def gradients(self, bound: Any, x: Tensor) -> tuple[float, list[Tensor]]:
        """Pyro's loss, summed over rows, and its gradient in each of our parameters."""
        pyro.clear_param_store()
        self.ours.zero_grad()
        loss = bound.loss_and_grads(self.model, self.guide, x)
        found = [parameter.grad for parameter in self.ours.parameters()]
        self.ours.zero_grad()
        pyro.clear_param_store()
        assert all(gradient is not None for gradient in found)
        return float(loss), [gradient for gradient in found if gradient is not None]


def gaussian(ours: VAE, eps: Tensor) -> PyroVAE:
    """With our diagonal Gaussian posterior and the noise eps `[K, B, LATENT]`."""
    prior = dist.Normal(torch.zeros(LATENT, dtype=eps.dtype), torch.ones(LATENT, dtype=eps.dtype)).to_event(1)
    return PyroVAE(ours, prior, lambda x: HeldNormal(*moments(ours, x), eps).to_event(1))

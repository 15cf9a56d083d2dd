"""What Markov chains need of a trained model: one group of real variables, its two ends, and data it simulates."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution

from latentia.conditionals import Need
from latentia.distributions import draw
from latentia.errors import CompatibilityError
from latentia.latents.draw import Group
from latentia.model import VAE


def only_real_group(vae: VAE, start: str = "prior") -> Group:
    """The one latent group of a model, if chains can move in it.

    Args:
        vae: The model.
        start: `prior` or `posterior`: whose density is needed at any z besides that of the prior.

    Returns:
        The group.

    Raises:
        CompatibilityError: Several groups, variables that are not real, or a density that is not known everywhere.
    """
    groups = vae.latents.groups
    fitting = "take a model with one group of real latent variables, such as vae"
    if len(groups) != 1:
        raise CompatibilityError(
            f"this model has {len(groups)} groups of latent variables ({', '.join(g.name for g in groups)}) and chains "
            f"move in one; {fitting}, or rest on the importance estimate (--metrics likelihood)"
        )
    (group,) = groups
    domain = getattr(group, "domain", "real")
    if domain != "real":
        raise CompatibilityError(
            f"latent group {group.name!r} is not on the real line ({domain}), where Hamiltonian dynamics moves; "
            f"{fitting}, or rest on the importance estimate (--metrics likelihood)"
        )
    ends = [getattr(group, "p", group)] + ([getattr(group, "q", group)] if start == "posterior" else [])
    if any(Need.EVALUABLE not in end.provides for end in ends):
        raise CompatibilityError(
            f"the {'prior' if Need.EVALUABLE not in ends[0].provides else 'posterior'} of this model has a density at "
            "its own draws alone, and chains leave them; start from the prior, or take a family with a density "
            "anywhere, such as diagonal"
        )
    return group


def still(vae: VAE) -> VAE:
    """A copy whose parameters take no gradients: those in z are all that chains need.

    Args:
        vae: The model.

    Returns:
        The copy.
    """
    return copy.deepcopy(vae).requires_grad_(False)


def simulated(vae: VAE, size: int) -> tuple[Tensor, Tensor, Distribution]:
    """Rows of the model's own, with the z behind them.

    Args:
        vae: The model.
        size: B.

    Returns:
        z `[B, d]` flat, x `[B, *shape]` in the units of the likelihood, and p(z).

    Raises:
        CompatibilityError: The prior cannot be sampled, or p(x|z) needs something of x.
    """
    if Need.SAMPLES not in vae.provides:
        raise CompatibilityError("the prior of this model cannot be sampled, so it simulates no data; take vae")
    made = vae.generate(size)
    if hasattr(made.px, "observe"):
        raise CompatibilityError(
            f"this likelihood ({type(made.px).__name__}) is of counts given their total, which belongs to x: there is "
            "no simulating a row without one; take a likelihood of counts themselves, such as poisson"
        )
    return made.draw.z[0][0].flatten(1), made.px.sample()[0], made.draw.p[0]


class FlatStart(Distribution):
    """One end of a path of densities, over vectors: a batch of B whatever that of the distribution is.

    Args:
        inner: p(z) or q(z|x), whose batch broadcasts to (K, B).
        batch: B.
        event: Shape of one z.
    """

    def __init__(self, inner: Distribution, batch: int, event: torch.Size) -> None:
        super().__init__(torch.Size([batch]), torch.Size([event.numel()]), validate_args=False)
        self._inner, self._event = inner, event

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """`[K, B, d]` for a sample shape (K,)."""
        lead = torch.Size(sample_shape) + self.batch_shape
        return draw(self._inner, lead).detach().flatten(len(lead))

    def log_prob(self, value: Tensor) -> Tensor:
        """`[K, B]` of `[K, B, d]`."""
        lead = value.shape[:2]
        return self._inner.log_prob(value.reshape(lead + self._event)).expand(lead)

"""A latent group made of a prior and a posterior."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from latentia.conditionals import Conditional, Need
from latentia.errors import CompatibilityError, ConfigurationError
from latentia.latents.draw import Given, Group
from latentia.names import Domain

Merge = Literal["concatenate", "replace"]

PLACES: dict[Domain, str] = {
    "real": "on the real line",
    "sphere": "on the unit sphere",
    "positive": "on the positive half-line",
    "interval": "in the unit interval",
    "simplex": "on the simplex",
    "binary": "on {0, 1}",
    "one_hot": "on one-hot vectors",
}
"""Where a latent variable lives, in words."""
FITTING: dict[Domain, str] = {
    "real": "such a posterior takes the prior standard, mixture, vamp, maf, coupling, spline or laplace",
    "sphere": "such a posterior takes the prior sphere",
    "positive": "such a posterior takes the prior gamma",
    "interval": "such a posterior takes the prior beta or relaxed_bernoulli",
    "simplex": "such a posterior takes the prior dirichlet or relaxed_categorical",
    "binary": "such a posterior takes the prior bernoulli",
    "one_hot": "such a posterior takes the prior categorical",
}
"""What prior fits a posterior on such a domain."""


class LatentGroup(nn.Module):
    """z_g with its prior p(z_g | state), its posterior q(z_g | evidence) and what it leaves for those below.

    Args:
        name: How the group is called in `given` and in reports.
        prior: A conditional of the state.
        posterior: A conditional of the evidence (or of state and evidence, see `WithState`).
        merge: `concatenate` hands the state and z down; `replace` hands z down alone (a Markov chain).
    """

    def __init__(self, name: str, prior: nn.Module, posterior: nn.Module, *, merge: Merge = "concatenate") -> None:
        super().__init__()
        self.name = name
        self.event_shape = cast(torch.Size, posterior.event_shape)
        where = cast(Domain, prior.domain), cast(Domain, posterior.domain)
        if where[0] != where[1]:
            raise CompatibilityError(
                f"latent group {name!r}: the prior ({type(prior).__name__}) lives {PLACES[where[0]]}, the posterior "
                f"({type(posterior).__name__}) {PLACES[where[1]]}; {FITTING[where[1]]}"
            )
        if cast(torch.Size, prior.event_shape) != self.event_shape:
            raise ConfigurationError(
                f"latent group {name!r}: the prior is over {tuple(cast(torch.Size, prior.event_shape))} and the "
                f"posterior over {tuple(self.event_shape)}; give both the same shape"
            )
        self.domain = where[0]
        self.p, self.q, self.merging = prior, posterior, merge
        self.provides = cast(frozenset[Need], prior.provides) & cast(frozenset[Need], posterior.provides)

    def prior(self, state: Tensor) -> tuple[Distribution, Tensor]:
        """p(z_g | state); the state passes unchanged."""
        return cast(Conditional, self.p)(state), state

    def posterior(self, state: Tensor, evidence: Tensor) -> Distribution:
        """q(z_g | state, evidence)."""
        if isinstance(self.q, WithState):
            return self.q.condition(state, evidence)
        return cast(Conditional, self.q)(evidence)

    def merge(self, state: Tensor, z: Tensor) -> Tensor:
        """The state after z."""
        flat = z if z.dim() == state.dim() else z.reshape(z.shape[:2] + torch.Size([-1]))
        # Nothing drawn before and no context: z is the whole state, without a copy.
        return flat if self.merging == "replace" or state.shape[-1] == 0 else torch.cat([state, flat], dim=-1)


class WithState(nn.Module):
    """A posterior factor that looks at the groups above as well as at the evidence, q(z_g | z_<g, x).

    Args:
        conditional: Takes features `[K, B, S + F]`, the state and the evidence side by side.
    """

    def __init__(self, conditional: nn.Module) -> None:
        super().__init__()
        self.conditional = conditional
        self.event_shape = cast(torch.Size, conditional.event_shape)
        self.provides = cast(frozenset[Need], conditional.provides)
        self.domain = cast(Domain, conditional.domain)

    def condition(self, state: Tensor, evidence: Tensor) -> Distribution:
        """q(z_g | state, evidence)."""
        both = torch.cat([state, evidence.expand(state.shape[:2] + evidence.shape[-1:])], dim=-1)
        return cast(Conditional, self.conditional)(both)


def initial_state(lead: torch.Size, context: Tensor | None, like: Tensor) -> Tensor:
    """The state before anything is drawn: the context of a conditional model, or nothing.

    Args:
        lead: (K, B).
        context: `[B, C]` or None.
        like: A tensor whose dtype and device to take where there is no context.

    Returns:
        `[K, B, C]`; C is 0 without a context.
    """
    if context is None:
        return like.new_empty(lead + torch.Size([0]))
    return context.expand(lead + context.shape[-1:])


def resolve_given(groups: Sequence[Group], given: Given | None, lead: torch.Size) -> dict[str, Tensor]:
    """Check the names and shapes of given values and broadcast them to the lead.

    Args:
        groups: All groups of the walk.
        given: Values by group name, or None.
        lead: (K, B).

    Returns:
        Name to `[K, B, *event]`.

    Raises:
        CompatibilityError: An unknown name or a shape that does not fit.
    """
    by_name = {group.name: group for group in groups}
    resolved: dict[str, Tensor] = {}
    for name, value in (given or {}).items():
        if name not in by_name:
            raise CompatibilityError(f"given names the latent group {name!r}; this model has {', '.join(by_name)}")
        want = lead + by_name[name].event_shape
        try:
            resolved[name] = value.expand(want)
        except RuntimeError:
            raise CompatibilityError(
                f"given[{name!r}] has shape {tuple(value.shape)}, which does not broadcast to (K, B, *event) = "
                f"{tuple(want)}"
            ) from None
    return resolved

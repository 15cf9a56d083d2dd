"""The variational mixture of posteriors: a prior made of the posteriors of a few learned inputs."""

from __future__ import annotations

from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.distributions import Categorical, Distribution, MixtureSameFamily
from torch.nn.functional import softplus

from latentia.conditionals.protocol import Conditional, Need, lacking
from latentia.distributions import at_least_float32
from latentia.errors import CompatibilityError, ConfigurationError
from latentia.names import Domain


class VampPrior(nn.Module):
    r"""\(p(z) = \frac1C \sum_c q(z | u_c)\), the model's own posterior at C learned pseudo-inputs u_c.

    Encoder and posterior are the model's: they are used here but belong to it, so they are no submodules of this one,
    and weights are neither counted nor saved twice. A copy of the whole model copies all of it together.

    Args:
        encoder: Maps x `[B, *shape]` to evidence.
        posterior: Maps evidence to q(z|x), whose density must be known at any z.
        pseudo_inputs: Gives the pseudo-inputs `[C, *shape]` in the units of the model (see `PseudoInputs`).

    Raises:
        CompatibilityError: The posterior's density is not known at any z.

    References:
        Tomczak, Welling, VAE with a VampPrior, 2018, arXiv:1705.07120.
    """

    provides: frozenset[Need] = lacking(Need.FACTORISED)

    def __init__(self, encoder: nn.Module, posterior: nn.Module, pseudo_inputs: PseudoInputs) -> None:
        super().__init__()
        if not cast(frozenset[Need], posterior.provides) >= {Need.DENSITY, Need.EVALUABLE}:
            raise CompatibilityError(
                f"the prior vamp is a mixture of posteriors and scores codes of one x under the posteriors of others; "
                f"the density of this posterior ({type(posterior).__name__}) is not known there: "
                "choose a posterior such as diagonal, full, maf or spline, or another prior"
            )
        self.pseudo_inputs = pseudo_inputs
        # In a tuple, so that torch does not register what the model has registered already.
        self._shared = (encoder, posterior)
        self.event_shape = cast(torch.Size, posterior.event_shape)
        self.domain = cast(Domain, posterior.domain)

    def forward(self, given: Tensor) -> Distribution:
        """p(z); what is given is ignored. One pass of the encoder over C pseudo-inputs."""
        encoder, posterior = self._shared
        components = cast(Conditional, posterior)(encoder(self.pseudo_inputs()))
        logits = at_least_float32(self.pseudo_inputs.raw).new_zeros(components.batch_shape)
        weights = Categorical(logits=logits, validate_args=False)
        return MixtureSameFamily(weights, components, validate_args=False)

    def extra_repr(self) -> str:
        """What `print` shows."""
        return f"components={len(self.pseudo_inputs.raw)}"


class PseudoInputs(nn.Module):
    """Learned inputs in the units of the model, spread at first like the data.

    Args:
        num: C, how many.
        mean: Mean of the data in those units, broadcastable to `shape`.
        std: Their standard deviation likewise.
        shape: Shape of one x.
        domain: Where x lives: on the real line; in the unit interval, where a sigmoid keeps the pseudo-inputs; or from
            zero up, where softplus does.

    Raises:
        ConfigurationError: Fewer than one.

    >>> PseudoInputs(5, torch.tensor(0.5), torch.tensor(0.3), (1, 2, 2), domain="interval")().shape
    torch.Size([5, 1, 2, 2])
    """

    EDGE = 0.02

    def __init__(
        self,
        num: int,
        mean: Tensor,
        std: Tensor,
        shape: tuple[int, ...],
        *,
        domain: Literal["real", "interval", "positive"] = "real",
    ) -> None:
        super().__init__()
        if num < 1:
            raise ConfigurationError(f"components is {num}; a mixture of posteriors has at least one")
        start = mean + std * torch.randn(num, *shape)
        self.domain = domain
        # Not at the very edge, where neither map has a slope left.
        match domain:
            case "interval":
                start = start.clamp(self.EDGE, 1 - self.EDGE).logit()
            case "positive":
                start = start.clamp_min(self.EDGE)
                start = start + torch.log(-torch.expm1(-start))
        self.raw = nn.Parameter(start)

    def forward(self) -> Tensor:
        """The pseudo-inputs, `[C, *shape]`."""
        match self.domain:
            case "interval":
                return self.raw.sigmoid()
            case "positive":
                return softplus(self.raw)
            case _:
                return self.raw

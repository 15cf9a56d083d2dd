"""What keeps a deterministic autoencoder's codes and decoder tame, in place of noise: RAE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, cast

import torch
from torch import Tensor, nn

from latentia.conditionals import Likelihood, Need
from latentia.errors import CompatibilityError
from latentia.latents import Trace
from latentia.model import VAE
from latentia.objectives.penalties.jacobian import squared_jacobian
from latentia.objectives.protocol import Step


def decoder_of(model: VAE) -> nn.Module:
    """The network between the latent variables and the parameters of p(x|z).

    Args:
        model: A model whose likelihood is a network and a head.

    Returns:
        The network.

    Raises:
        CompatibilityError: It is not of that form.
    """
    if not isinstance(model.likelihood, Likelihood):
        raise CompatibilityError(
            f"regularising the decoder needs a likelihood made of a network and a head; this model's is "
            f"{type(model.likelihood).__name__}"
        )
    return model.likelihood.net


@dataclass(frozen=True, slots=True)
class CodeNorm:
    r"""\(\beta\, \frac12 \|z\|^2\), the mean over the batch: what is left of the KL where the posterior has no spread.

    Args:
        weight: beta.

    References:
        Ghosh, Sajjadi, Vergari, Black, Schölkopf, From variational to deterministic autoencoders, 2020,
        arXiv:1903.12436.
    """

    weight: float
    name: ClassVar[str] = "code_norm"
    requires: ClassVar[frozenset[Need]] = frozenset({Need.REPARAMETERISED})

    def __call__(self, model: VAE, trace: Trace, step: Step) -> Tensor:
        """The weighted mean."""
        norms = torch.stack([z.flatten(2).square().sum(2) for z in trace.draw.z]).sum(0)
        return self.weight * 0.5 * norms.mean()


@dataclass(frozen=True, slots=True)
class DecoderNorm:
    r"""\(\lambda \sum_l \|W_l\|_F^2\) over the decoder's weight matrices and kernels; biases and gains are free.

    It is part of the loss, where an optimiser's `weight_decay` shrinks encoder and decoder alike.

    Args:
        weight: lambda.

    References:
        Ghosh and others, 2020, arXiv:1903.12436, section 3.
    """

    weight: float
    name: ClassVar[str] = "decoder_norm"
    requires: ClassVar[frozenset[Need]] = frozenset()

    def __call__(self, model: VAE, trace: Trace, step: Step) -> Tensor:
        """The weighted sum."""
        squares = [weight.square().sum() for weight in decoder_of(model).parameters() if weight.dim() > 1]
        return self.weight * torch.stack(squares).sum()


@dataclass(frozen=True, slots=True)
class DecoderGradient:
    r"""\(\lambda\, \frac12 \|\partial D(z)/\partial z\|_F^2\) at the codes of the batch.

    D is all that the decoder puts out: locations or log-odds, and log-scales where it predicts them. The gradient of
    the *sum* of the outputs, which some libraries take for it, is another number: it lets opposite slopes cancel.

    Args:
        weight: lambda.
        probes: Random directions of a Hutchinson estimate; 0 is exact and takes a pass for each latent dimension.

    References:
        Ghosh and others, 2020, arXiv:1903.12436, section 3.
    """

    weight: float
    probes: int = 1
    name: ClassVar[str] = "decoder_gradient"
    requires: ClassVar[frozenset[Need]] = frozenset({Need.REPARAMETERISED})

    def __call__(self, model: VAE, trace: Trace, step: Step) -> Tensor:
        """The weighted mean."""
        decoder = decoder_of(model)
        states = trace.draw.state.flatten(0, 1)
        return self.weight * 0.5 * squared_jacobian(lambda z: cast(Tensor, decoder(z)), states, self.probes).mean()

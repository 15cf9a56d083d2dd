"""Plain networks with no probability in them."""

from latentia.nets.activation import activation
from latentia.nets.conv import ConvDecoder, ConvEncoder
from latentia.nets.corrupt import Corrupted
from latentia.nets.critic import Critic
from latentia.nets.lead import flatten_lead
from latentia.nets.mlp import MLP
from latentia.nets.spectral import spectrally_normalised

__all__ = [
    "MLP",
    "ConvDecoder",
    "ConvEncoder",
    "Corrupted",
    "Critic",
    "activation",
    "flatten_lead",
    "spectrally_normalised",
]

"""Plain networks with no probability in them."""

from latentia.nets.activation import activation
from latentia.nets.conv import ConvDecoder, ConvEncoder
from latentia.nets.lead import flatten_lead
from latentia.nets.mlp import MLP

__all__ = ["MLP", "ConvDecoder", "ConvEncoder", "activation", "flatten_lead"]

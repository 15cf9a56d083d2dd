"""The words that options take: one list each, shared by the parts, the recipes and the command line."""

from __future__ import annotations

from typing import Literal

Activation = Literal["relu", "tanh", "silu", "gelu", "elu", "softplus", "none"]
"""Elementwise activations."""
Network = Literal["auto", "mlp", "conv"]
"""Families of encoder and decoder; `auto` takes convolutions for colour or larger pictures."""
LikelihoodName = Literal["bernoulli", "gaussian", "discretized_logistic"]
"""Families of p(x|z)."""
Scale = Literal["fixed", "shared", "per_dimension", "predicted"]
"""Where a likelihood's scale comes from: a constant, one parameter, one a dimension, or the decoder."""
Space = Literal["binary", "levels", "real"]
"""Where x lives: {0, 1}; equally spaced levels in [0, 1]; the real line."""
PriorName = Literal["standard", "mixture"]
"""Families of p(z)."""

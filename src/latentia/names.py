"""The words that options take: one list each, shared by the parts, the recipes and the command line."""

from __future__ import annotations

from typing import Literal

Activation = Literal["relu", "tanh", "silu", "gelu", "elu", "softplus", "none"]
"""Elementwise activations."""
Network = Literal["auto", "mlp", "conv"]
"""Families of encoder and decoder; `auto` takes convolutions for colour or larger pictures."""
LikelihoodName = Literal[
    "bernoulli",
    "continuous_bernoulli",
    "gaussian",
    "laplace",
    "student_t",
    "discretized_logistic",
    "logistic_mixture",
    "categorical",
    "poisson",
    "negative_binomial",
    "zero_inflated_poisson",
    "zero_inflated_negative_binomial",
    "multinomial",
    "library",
    "zero_inflated_library",
    "table",
]
"""Families of p(x|z)."""
Scale = Literal["fixed", "shared", "per_dimension", "predicted", "optimal"]
"""Where a likelihood's scale comes from: a constant, one parameter, one a dimension, the decoder, or the residuals."""
Space = Literal["binary", "levels", "unit", "real", "counts", "mixed"]
"""Where x lives: {0, 1}; equally spaced levels in [0, 1]; [0, 1]; the real line; whole numbers from 0; a table."""
Domain = Literal["real", "sphere", "positive", "interval", "simplex", "binary", "one_hot"]
"""Where z lives: R^D; unit vectors; (0, inf)^D; (0, 1)^D; D shares that add up to one; {0, 1}^D; one-hot vectors."""
PriorName = Literal[
    "standard",
    "mixture",
    "vamp",
    "maf",
    "coupling",
    "spline",
    "laplace",
    "sphere",
    "gamma",
    "beta",
    "dirichlet",
    "bernoulli",
    "categorical",
    "relaxed_bernoulli",
    "relaxed_categorical",
]
"""Families of p(z)."""
PosteriorName = Literal[
    "diagonal",
    "full",
    "low_rank",
    "laplace",
    "planar",
    "radial",
    "sylvester",
    "iaf",
    "maf",
    "spline",
    "sphere",
    "gamma",
    "beta",
    "dirichlet",
    "bernoulli",
    "categorical",
    "relaxed_bernoulli",
    "relaxed_categorical",
    "point",
]
"""Families of q(z|x)."""
EstimatorName = Literal["pathwise", "stl", "dreg", "score", "score_loo", "score_learned", "vimco"]
"""Estimators of a bound's gradient with respect to the posterior."""
Aggregate = Literal["weighted", "stratified"]
"""Estimators of the aggregate posterior's density from a batch."""
Kernel = Literal["imq", "rbf"]
"""Kernels of a maximum mean discrepancy: inverse multiquadric, Gaussian."""
KernelScale = Literal["prior", "median"]
"""A kernel's scale: the expected squared distance of two draws from the prior, or the batch's median."""
Corruption = Literal["masking", "gaussian", "salt_and_pepper"]
"""Noise on an encoder's input."""
Sparsity = Literal["kl", "l1"]
"""Measures of how many entries of a code are active."""
DensityName = Literal["gaussian", "mixture", "flow"]
"""Densities that can be fitted to the codes of a trained model: one Gaussian, a mixture of them, a spline flow."""

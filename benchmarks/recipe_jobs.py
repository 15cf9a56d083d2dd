"""What each recipe is trained on in `benchmarks.recipes`, and what it is held against."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Job:
    """One row of the table.

    Attributes:
        recipe: The recipe.
        data: Name of the data.
        options: Of the recipe.
        against: The job it is compared with, row by row of the test data; None for the baselines themselves.
        steps: Optimiser steps, if not those of the data.
        claim: What its paper says it gains, where the table can show it.
    """

    recipe: str
    data: str
    options: dict[str, Any] = field(default_factory=dict)
    against: str | None = None
    steps: int | None = None
    claim: str = ""


STEPS = {"mnist": 4000, "dsprites": 1500, "frey": 3000, "news": 2500, "adult": 4000, "digits": 1500}
"""Optimiser steps of 128 rows, the same for all recipes on the same data."""
SAMPLES = {"mnist": 500, "dsprites": 50, "frey": 200, "news": 100, "adult": 500, "digits": 500}
"""K of the importance-weighted estimate."""

_MNIST_FLAT = (
    "beta_vae", "free_bits", "cyclical", "iwae", "miwae", "piwae", "ciwae", "renyi", "stl", "dreg", "mog_prior",
    "flow_prior", "laplace", "maf", "hvae", "gamma", "beta_latent", "dirichlet", "concrete", "two_stage", "top_down",
    "bottom_up", "info_vae", "bernoulli_score", "vimco",
)  # fmt: skip
LONG = 16_000
"""Steps where the gain is one of the optimum, which the plain VAE's easier problem reaches sooner."""
_MNIST_LONG = ("vamp", "planar", "radial", "sylvester", "iaf", "spline", "full_covariance", "low_rank")
_TIGHTER = "a higher likelihood than the plain VAE"
_CLAIMS = dict.fromkeys(("iwae", "vamp", "planar", "radial", "sylvester", "iaf", "maf", "spline"), _TIGHTER) | {
    "beta_tc": "a lower total correlation",
    "factor_vae": "a lower total correlation",
}
_CODES = (
    "autoencoder",
    "linear_autoencoder",
    "sparse",
    "denoising",
    "contractive",
    "wae_mmd",
    "aae",
    "rae_l2",
    "rae_gp",
    "rae_sn",
)
_DSPRITES: dict[str, Any] = {"latent_dim": 10, "network": "mlp"}
_DISENTANGLING = ("beta_vae", "beta_capacity", "beta_tc", "factor_vae", "dip_i", "dip_ii")

JOBS: dict[str, Job] = {
    "vae": Job("vae", "mnist"),
    **{name: Job(name, "mnist", {}, "vae", claim=_CLAIMS.get(name, "")) for name in _MNIST_FLAT},
    "vae, long": Job("vae", "mnist", {}, steps=LONG),
    **{name: Job(name, "mnist", {}, "vae, long", LONG, _CLAIMS.get(name, "")) for name in _MNIST_LONG},
    "autoencoder": Job("autoencoder", "mnist"),
    **{name: Job(name, "mnist", {}, "autoencoder") for name in _CODES[1:]},
    # A sphere of d dimensions lies in d + 1: held against a plane of d.
    "vae, d = 2": Job("vae", "mnist", {"latent_dim": 2}),
    "sphere, d = 2": Job("sphere", "mnist", {"latent_dim": 3}, "vae, d = 2", claim="better in few dimensions"),
    "vae, d = 5": Job("vae", "mnist", {"latent_dim": 5}),
    "sphere, d = 5": Job("sphere", "mnist", {"latent_dim": 6}, "vae, d = 5", claim="better in few dimensions"),
    "vae on dsprites": Job("vae", "dsprites", _DSPRITES),
    **{
        f"{name} on dsprites": Job(name, "dsprites", _DSPRITES, "vae on dsprites", claim=_CLAIMS.get(name, ""))
        for name in _DISENTANGLING
    },
    "vae on frey": Job("vae", "frey", {"likelihood": "gaussian"}),
    "vae on frey, fixed scale": Job("vae", "frey", {"likelihood": "gaussian", "scale": "fixed"}),
    "sigma_vae": Job("sigma_vae", "frey", {}, "vae on frey, fixed scale", claim="better than a scale set by hand"),
    "continuous_bernoulli": Job("continuous_bernoulli", "frey", {}, "vae on frey"),
    "vae_gan": Job("vae_gan", "frey", {"likelihood": "gaussian"}, "vae on frey"),
    "vae on news": Job("vae", "news", {"likelihood": "multinomial", "latent_dim": 20}),
    "topic": Job("topic", "news", {}, "vae on news"),
    "mult_vae": Job("mult_vae", "news", {}, "vae on news"),
    "vae on news, counts": Job("vae", "news", {"likelihood": "zero_inflated_negative_binomial", "latent_dim": 20}),
    "count_vae": Job("count_vae", "news", {"latent_dim": 20}, "vae on news, counts"),
    "vae on adult": Job("vae", "adult", {"latent_dim": 1}),
    "table_vae": Job("table_vae", "adult", {}, "vae on adult"),
}
"""Name of a row to its job, in the order of the table."""

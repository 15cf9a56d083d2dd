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

    @property
    def why(self) -> str:
        """See `WHY`."""
        return WHY.get(self.recipe, "")


STEPS = {"mnist": 4000, "dsprites": 1500, "frey": 3000, "news": 2500, "adult": 4000, "digits": 1500}
"""Optimiser steps of 128 rows, the same for all recipes on the same data."""
SAMPLES = {"mnist": 500, "dsprites": 50, "frey": 200, "news": 100, "adult": 500, "digits": 500}
"""K of the importance-weighted estimate."""

_MNIST_FLAT = (
    "beta_vae", "free_bits", "cyclical", "iwae", "miwae", "piwae", "ciwae", "renyi", "stl", "dreg", "mog_prior",
    "flow_prior", "laplace", "maf", "hvae", "gamma", "beta_latent", "dirichlet", "concrete", "two_stage", "top_down",
    "bottom_up", "info_vae", "bernoulli_score",
)  # fmt: skip
LONG = 16_000
"""Steps where the gain is one of the optimum, which the plain VAE's easier problem reaches sooner."""
_MNIST_LONG = ("vamp", "planar", "radial", "sylvester", "iaf", "spline", "full_covariance", "low_rank")
_TIGHTER = "a higher likelihood than the plain VAE"
_CLAIMS = dict.fromkeys(("iwae", "vamp", "planar", "radial", "sylvester", "iaf", "maf", "spline"), _TIGHTER) | {
    "beta_tc": "a lower total correlation",
    "factor_vae": "a lower total correlation",
}
WHY = {
    "radial": "each map has one point to stretch around: eight of them hardly bend sixteen dimensions",
    "maf": "short, since a draw takes a pass for each dimension; the bound gains, and iaf is its mirror at full length",
    "iaf": "the bound gains three times as much: the decoder relies on a posterior that the estimate no longer needs",
    "low_rank": "one common factor; the bound gains a little",
    "laplace": "a sharp prior for sparse codes; its paper claims no likelihood",
    "gamma": "positive codes; no claim of a likelihood",
    "beta_latent": "codes in an interval; no claim of a likelihood",
    "dirichlet": "codes on a simplex; no claim of a likelihood",
    "concrete": "32 relaxed bits in place of 16 numbers; equal to hard bits (bernoulli_score)",
    "bernoulli_score": "32 hard bits in place of 16 numbers",
    "two_stage": "its first stage has half of the steps",
    "bottom_up": "what is above must pass through 8 dimensions; most of them collapse, as is known of two plain layers",
    "beta_capacity": "the code is held at 12 nats, less than the plain VAE's 17",
    "topic": "the decoder is linear in the shares of topics, so that topics can be read",
    "mult_vae": "trained with the KL at a fifth, for ranking",
    "count_vae": "scores counts given their total, by shares; no zeros in excess in words",
    "continuous_bernoulli": "it cannot be narrow at a middle grey, which a Gaussian with a learned scale can",
    "vae_gan": "its claim is of sharpness, which no likelihood shows",
}
"""Recipe to why its row does not show a gain."""
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
    "vimco": Job("vimco", "mnist", {}, "bernoulli_score", claim="a better gradient for discrete codes"),
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
        f"{name} on dsprites": Job(
            # By default a code of 25 nats, for runs far longer than these.
            name,
            "dsprites",
            _DSPRITES | ({"capacity": 12.0} if name == "beta_capacity" else {}),
            "vae on dsprites",
            claim=_CLAIMS.get(name, ""),
        )
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

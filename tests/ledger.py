"""Every recipe over every kind of data: one instance a line, and every law of `tests/laws` runs over all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from latentia.columns import Column
from latentia.data.spec import DataSpec
from latentia.model import VAE
from latentia.objectives import Objective
from latentia.recipes import recipe_named


def spec(shape: tuple[int, ...], support: str, *, levels: int | None = None) -> DataSpec:
    """A description of made-up data."""
    channels = shape[0]
    return DataSpec(
        name="made-up",
        kind="image" if len(shape) == 3 else "vector",
        shape=shape,
        dtype="uint8" if levels else "float32",
        support=support,  # type: ignore[arg-type] # a plain string for brevity
        levels=levels,
        low=0.0 if support != "real" else -3.0,
        high=float(levels - 1) if levels else (1.0 if support == "unit" else 3.0),
        unit=float(levels - 1) if levels else 1.0,
        mean=(0.5 * (levels - 1) if levels else (1.5 if support == "counts" else 0.0),) * channels,
        std=(0.3 * (levels - 1) if levels else 1.0,) * channels,
        names=None,
        classes=None,
        counts={"train": 100, "validation": 10, "test": 10},
        source="made-up",
        digest="0" * 64,
    )


BINARY = spec((1, 6, 5), "binary", levels=2)
LEVELS = spec((1, 8, 8), "levels", levels=17)
PIXELS = spec((3, 12, 9), "levels", levels=256)
PIXEL = spec((3, 1, 1), "levels", levels=256)
UNIT = spec((1, 4, 4), "unit")
REAL = spec((7,), "real")
COUNTS = spec((6,), "counts")
ONE = spec((1,), "real")
TABLE = replace(
    spec((6,), "real"),
    support="mixed",
    columns=(
        Column("size", "real"),
        Column("price", "positive", centre=1.0, spread=0.5),
        Column("visits", "count", centre=0.4),
        Column("member", "binary"),
        Column("colour", "categorical", 3),
        Column("grade", "ordinal", 4),
    ),
)
GAPS = replace(TABLE, missing=0.3)
REAL_GAPS = replace(REAL, missing=0.3)
UNIT_GAPS = replace(UNIT, missing=0.3)


@dataclass(frozen=True)
class Instance:
    """One line of the ledger."""

    recipe: str
    data: DataSpec
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        chosen = ",".join(f"{k}={v}" for k, v in self.options.items() if k not in SMALL)
        gaps = "gaps" if self.data.missing > 0 else ""
        return f"{self.recipe}-{self.data.support}{gaps}{'x'.join(map(str, self.data.shape))}-{chosen}"

    def build(self) -> tuple[VAE, Objective]:
        """The model with a fixed initialisation, in float64."""
        torch.manual_seed(0)
        model, objective = recipe_named(self.recipe)(self.data, **self.options)
        return model.double(), objective

    def batch(self, num: int = 4) -> Tensor:
        """Rows in the units that the likelihood scores, float64; in data with gaps, some cells of them missing."""
        x = self._complete(num)
        if self.data.missing > 0:
            gaps = torch.rand(x.shape, generator=torch.Generator().manual_seed(2)) < self.data.missing
            x[gaps] = torch.nan
        return x

    def _complete(self, num: int) -> Tensor:
        generator = torch.Generator().manual_seed(1)
        shape = (num, *self.data.shape)
        match self.build()[0].likelihood.space:
            case "binary":
                return torch.randint(0, 2, shape, generator=generator).double()
            case "levels":
                assert self.data.levels
                return torch.randint(0, self.data.levels, shape, generator=generator).double() / (self.data.levels - 1)
            case "unit":
                return torch.rand(shape, generator=generator, dtype=torch.float64)
            case "counts":
                return torch.poisson(torch.full(shape, 1.5, dtype=torch.float64), generator=generator)
            case "mixed":
                wide = torch.randn(shape, generator=generator, dtype=torch.float64)
                return torch.stack([_cells(c, wide[:, i]) for i, c in enumerate(self.data.columns or ())], dim=1)
            case _:
                return torch.randn(shape, generator=generator, dtype=torch.float64)


def _cells(column: Column, wide: Tensor) -> Tensor:
    """Values of a column's kind made of numbers on the real line."""
    match column.kind:
        case "real":
            return wide
        case "positive":
            return wide.exp()
        case "count":
            return wide.exp().round()
        case "binary":
            return (wide > 0).double()
        case "categorical" | "ordinal":
            return (wide + column.size / 2).floor().clamp(0, column.size - 1)


SMALL = {"latent_dim": 3, "hidden": (10, 8)}
CONV = {"latent_dim": 3, "network": "conv", "width": 4}

LEDGER = [
    Instance("vae", BINARY, SMALL),
    Instance("vae", LEVELS, SMALL),
    Instance("vae", LEVELS, {**SMALL, "likelihood": "bernoulli"}),
    Instance("vae", LEVELS, {**SMALL, "likelihood": "gaussian", "scale": "predicted"}),
    Instance("vae", LEVELS, {**SMALL, "scale": "shared"}),
    Instance("vae", PIXELS, CONV),
    Instance("vae", PIXEL, CONV),
    Instance("vae", BINARY, {**CONV, "blocks": 2}),
    Instance("vae", UNIT, SMALL),
    Instance("vae", REAL, SMALL),
    Instance("vae", REAL, {**SMALL, "scale": "per_dimension", "norm": True, "activation": "tanh"}),
    Instance("vae", REAL, {**SMALL, "scale": "fixed", "sigma": 0.5}),
    Instance("vae", REAL, {**SMALL, "prior": "mixture", "components": 4}),
    Instance("vae", REAL, {**SMALL, "free_bits": 0.1}),
    Instance("vae", ONE, {"latent_dim": 1, "hidden": ()}),
    Instance("beta_vae", BINARY, SMALL),
    Instance("beta_vae", REAL, {**SMALL, "beta": 0.5, "free_bits": 0.05, "prior": "mixture"}),
    Instance("iwae", BINARY, {**SMALL, "num_samples": 5}),
    Instance("iwae", PIXELS, {**CONV, "num_samples": 2}),
    Instance("vae", REAL, {**SMALL, "estimator": "stl", "num_samples": 2}),
    Instance("vae", REAL, {**SMALL, "estimator": "score", "prior": "mixture"}),
    Instance("beta_vae", BINARY, {**SMALL, "estimator": "score_loo", "num_samples": 3, "free_bits": 0.02}),
    Instance("iwae", REAL, {**SMALL, "estimator": "score_learned", "num_samples": 3}),
    Instance("iwae", BINARY, {**SMALL, "estimator": "score_loo", "num_samples": 3}),
    Instance("miwae", BINARY, {**SMALL, "num_samples": 3}),
    Instance("miwae", REAL, {**SMALL, "estimator": "dreg", "num_samples": 3}),
    Instance("piwae", BINARY, {**SMALL, "num_samples": 3}),
    Instance("piwae", REAL, {**SMALL, "prior": "vamp", "components": 4}),
    Instance("ciwae", BINARY, {**SMALL, "num_samples": 3}),
    Instance("ciwae", REAL, {**SMALL, "estimator": "vimco", "num_samples": 3, "beta": 0.1}),
    Instance("renyi", BINARY, {**SMALL, "num_samples": 3}),
    Instance("renyi", REAL, {**SMALL, "estimator": "dreg", "num_samples": 3, "alpha": -0.5}),
    Instance("renyi", REAL, {**SMALL, "num_samples": 3, "alpha": float("-inf")}),
    Instance("vimco", BINARY, {**SMALL, "num_samples": 3}),
    Instance("vimco", REAL, {**SMALL, "posterior": "diagonal", "num_samples": 2}),
    Instance("stl", BINARY, SMALL),
    Instance("stl", REAL, {**SMALL, "posterior": "maf", "transforms": 2}),
    Instance("dreg", BINARY, {**SMALL, "num_samples": 3}),
    Instance("dreg", REAL, {**SMALL, "num_samples": 3, "prior": "vamp", "components": 4}),
    Instance("vae", LEVELS, {**SMALL, "likelihood": "logistic_mixture", "logistics": 2}),
    Instance("vae", PIXELS, {**CONV, "likelihood": "logistic_mixture", "logistics": 3}),
    Instance("vae", LEVELS, {**SMALL, "likelihood": "categorical"}),
    Instance("vae", PIXEL, {**CONV, "likelihood": "categorical"}),
    Instance("vae", REAL, {**SMALL, "likelihood": "laplace", "scale": "per_dimension"}),
    Instance("vae", REAL, {**SMALL, "likelihood": "student_t"}),
    Instance("vae", REAL, {**SMALL, "likelihood": "student_t", "scale": "predicted", "freedom": 4.0}),
    Instance("sigma_vae", REAL, SMALL),
    Instance("sigma_vae", LEVELS, {**SMALL, "scale": "shared"}),
    Instance("continuous_bernoulli", UNIT, SMALL),
    Instance("continuous_bernoulli", LEVELS, SMALL),
    Instance("vamp", BINARY, {**SMALL, "components": 5}),
    Instance("vamp", LEVELS, {**SMALL, "components": 4}),
    Instance("vamp", UNIT, {**SMALL, "components": 4, "posterior": "maf", "transforms": 2}),
    Instance("vamp", REAL, {**SMALL, "components": 1}),
    Instance("vamp", PIXELS, {**CONV, "components": 2}),
    Instance("mog_prior", REAL, {**SMALL, "components": 4}),
    Instance("flow_prior", BINARY, {**SMALL, "transforms": 2}),
    Instance("flow_prior", REAL, {**SMALL, "prior": "coupling", "transforms": 3}),
    Instance("flow_prior", REAL, {**SMALL, "prior": "spline", "transforms": 2}),
    Instance("flow_prior", ONE, {"latent_dim": 1, "hidden": (), "transforms": 2}),
    Instance("flow_prior", ONE, {"latent_dim": 1, "hidden": (), "transforms": 2, "prior": "spline"}),
    Instance("planar", REAL, {**SMALL, "transforms": 3}),
    Instance("radial", BINARY, {**SMALL, "transforms": 3}),
    Instance("sylvester", REAL, {**SMALL, "transforms": 2}),
    Instance("iaf", BINARY, {**SMALL, "transforms": 2}),
    Instance("iaf", ONE, {"latent_dim": 1, "hidden": (), "transforms": 2}),
    Instance("iaf", REAL, {**SMALL, "transforms": 2, "prior": "maf"}),
    Instance("maf", LEVELS, {**SMALL, "transforms": 2}),
    Instance("spline", REAL, {**SMALL, "transforms": 2}),
    Instance("spline", PIXELS, {**CONV, "transforms": 1, "prior": "vamp", "components": 3}),
    Instance("full_covariance", BINARY, SMALL),
    Instance("full_covariance", PIXELS, CONV),
    Instance("full_covariance", REAL, {**SMALL, "prior": "mixture", "components": 3}),
    Instance("full_covariance", ONE, {"latent_dim": 1, "hidden": ()}),
    Instance("low_rank", LEVELS, SMALL),
    Instance("low_rank", REAL, {**SMALL, "rank": 1, "prior": "vamp", "components": 3}),
    Instance("laplace", BINARY, SMALL),
    Instance("laplace", REAL, {**SMALL, "prior": "standard"}),
    Instance("vae", REAL, {**SMALL, "prior": "laplace"}),
    Instance("sphere", BINARY, SMALL),
    Instance("sphere", PIXELS, CONV),
    Instance("sphere", REAL, {"latent_dim": 2, "hidden": (8,)}),
    Instance("sphere", REAL, {**SMALL, "latent_dim": 12}),
    Instance("autoencoder", LEVELS, SMALL),
    Instance("autoencoder", REAL, SMALL),
    Instance("autoencoder", PIXELS, CONV),
    Instance("linear_autoencoder", REAL, {"latent_dim": 3}),
    Instance("linear_autoencoder", LEVELS, {"latent_dim": 3}),
    Instance("gamma", BINARY, SMALL),
    Instance("gamma", REAL, {**SMALL, "concentration": 0.5}),
    Instance("beta_latent", REAL, SMALL),
    Instance("beta_latent", PIXELS, CONV),
    Instance("dirichlet", LEVELS, {**SMALL, "concentration": 0.3}),
    Instance("concrete", BINARY, SMALL),
    Instance("concrete", REAL, {**SMALL, "prior_relaxation": 0.67}),
    Instance("concrete", REAL, {**SMALL, "prior": "beta"}),
    Instance("concrete", BINARY, {**SMALL, "posterior": "relaxed_categorical", "categories": 4}),
    Instance("concrete", REAL, {**SMALL, "posterior": "relaxed_categorical", "categories": 4, "prior": "dirichlet"}),
    Instance("iwae", REAL, {**SMALL, "num_samples": 3, "posterior": "gamma", "prior": "vamp", "components": 3}),
    Instance("bernoulli_score", BINARY, SMALL),
    Instance("bernoulli_score", REAL, {**SMALL, "estimator": "score", "num_samples": 1}),
    Instance("bernoulli_score", BINARY, {**SMALL, "estimator": "score_learned", "num_samples": 2}),
    Instance("bernoulli_score", REAL, {**SMALL, "posterior": "categorical", "categories": 4}),
    Instance("hvae", BINARY, SMALL),
    Instance("hvae", REAL, {**SMALL, "prior": "mixture", "leapfrog": 2}),
    Instance("hvae", PIXELS, {**CONV, "leapfrog": 1}),
    Instance("beta_capacity", BINARY, {**SMALL, "capacity": 1.0}),
    Instance("free_bits", REAL, {**SMALL, "free_bits": 0.1}),
    Instance("cyclical", BINARY, SMALL),
    Instance("beta_tc", BINARY, SMALL),
    Instance("beta_tc", PIXELS, {**CONV, "aggregate": "stratified", "alpha": 0.5, "gamma": 2.0}),
    Instance("factor_vae", LEVELS, {**SMALL, "critic_hidden": (6, 5)}),
    Instance("factor_vae", REAL, {**SMALL, "critic_hidden": (6,), "prior": "mixture"}),
    Instance("dip_i", REAL, SMALL),
    Instance("dip_i", PIXELS, CONV),
    Instance("dip_ii", BINARY, SMALL),
    Instance("info_vae", LEVELS, SMALL),
    Instance("info_vae", REAL, {**SMALL, "kernel": "imq", "kernel_scale": "median", "prior": "mixture"}),
    Instance("wae_mmd", LEVELS, SMALL),
    Instance("wae_mmd", REAL, {**SMALL, "posterior": "diagonal", "kernel": "rbf"}),
    Instance("aae", PIXELS, {**CONV, "critic_hidden": (6,)}),
    Instance("aae", REAL, {**SMALL, "posterior": "diagonal", "critic_hidden": (6, 5)}),
    Instance("vae_gan", LEVELS, {**SMALL, "critic_hidden": (6, 5)}),
    Instance("vae_gan", PIXELS, {**CONV, "critic_hidden": (6,)}),
    Instance("vae_gan", REAL, {**SMALL, "critic_hidden": (6,), "pixel_weight": 0.5}),
    Instance("sparse", LEVELS, SMALL),
    Instance("sparse", REAL, {**SMALL, "measure": "l1"}),
    Instance("denoising", LEVELS, SMALL),
    Instance("denoising", PIXELS, {**CONV, "noise": "salt_and_pepper"}),
    Instance("denoising", REAL, {**SMALL, "noise": "gaussian"}),
    Instance("contractive", LEVELS, {**SMALL, "probes": 0}),
    Instance("contractive", PIXELS, CONV),
    Instance("rae_l2", LEVELS, SMALL),
    Instance("rae_gp", LEVELS, SMALL),
    Instance("rae_gp", PIXELS, {**CONV, "probes": 0}),
    Instance("rae_sn", LEVELS, SMALL),
    Instance("rae_sn", PIXELS, CONV),
    Instance("top_down", BINARY, {**SMALL, "top_dim": 2}),
    Instance("top_down", PIXELS, {**CONV, "top_dim": 2, "prior": "mixture"}),
    Instance("bottom_up", BINARY, {**SMALL, "top_dim": 2}),
    Instance("bottom_up", REAL, {**SMALL, "top_dim": 2, "num_samples": 3}),
    Instance("two_stage", BINARY, {**SMALL, "second_hidden": (6,)}),
    Instance("two_stage", REAL, {**SMALL, "second_dim": 2, "second_hidden": (6, 5), "prior": "mixture"}),
    Instance("vae", COUNTS, {**SMALL, "likelihood": "poisson"}),
    Instance("vae", COUNTS, {**SMALL, "likelihood": "zero_inflated_poisson"}),
    Instance("vae", COUNTS, {**SMALL, "likelihood": "negative_binomial"}),
    Instance("vae", COUNTS, {**SMALL, "likelihood": "zero_inflated_negative_binomial"}),
    Instance("topic", COUNTS, SMALL),
    Instance("mult_vae", COUNTS, SMALL),
    Instance("count_vae", COUNTS, SMALL),
    Instance("count_vae", COUNTS, {**SMALL, "likelihood": "library"}),
    Instance("vae", COUNTS, {**SMALL, "likelihood": "gaussian"}),
    Instance("table_vae", TABLE, {**SMALL, "components": 3}),
    Instance("table_vae", GAPS, {**SMALL, "num_samples": 3}),
    Instance("table_vae", REAL_GAPS, {**SMALL, "scale": "per_dimension"}),
    Instance("vae", GAPS, {**SMALL, "scale": "predicted"}),
    Instance("vae", REAL_GAPS, SMALL),
    Instance("vae", UNIT_GAPS, {**SMALL, "likelihood": "bernoulli"}),
    Instance("vae", replace(PIXELS, missing=0.3), CONV),
    Instance("iwae", replace(COUNTS, missing=0.3), {**SMALL, "num_samples": 2, "prior": "vamp"}),
    Instance("autoencoder", GAPS, SMALL),
]

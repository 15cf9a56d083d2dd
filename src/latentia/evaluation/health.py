"""The state of a model's code over a split, with a verdict in plain words and what to try."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from latentia.conditionals import Need
from latentia.data.source import Source
from latentia.data_model import DataModel, evaluating, seeded
from latentia.evaluation.blocks import READ, blocks, stream
from latentia.evaluation.expected_units import ExpectedUnits, expected_after, expected_before
from latentia.evaluation.latent_health import (
    active_units,
    concentrations,
    kl_by_dim,
    log_scale_saturation,
    perplexity,
    posterior_means,
    standard_error,
)
from latentia.latents import Trace

COLLAPSED = 0.1
"""Nats of KL below which the code says nothing."""
SATURATED = 0.01
"""A share of log-scales at their bounds that is worth a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LatentHealth:
    """What each latent dimension does, and whether that is as it should be; None where a model defines no such thing.

    Attributes:
        active_units: Dimensions whose posterior mean varies.
        latent_dim: All of them.
        kl: Mean KL(q(z|x) || p(z)), in nats.
        kl_se: Its standard error over rows.
        kl_per_dim: Of each dimension.
        kl_per_group: Of each latent group, by name.
        expected_before: Active dimensions that PCA expects from the data alone.
        expected_after: The same with the noise that the model has come to.
        noise_variance: That noise, in squared units of what the likelihood scores.
        noise_from: Where it comes from.
        beta: Weight of the KL that the expectations are for.
        saturation: Share of posterior log-scales at their bounds.
        concentration: Least, median and greatest concentration of von Mises-Fisher posteriors.
        perplexity: Of each categorical latent variable, how many of its categories are in use.
        dead_categories: Share of categories that less than one row in a thousand uses.
        num_examples: Rows.
        seed: Of the draws.
        collapsed: Whether the posterior has collapsed to the prior.
        verdict: What was found, in words.
        advice: What to try, in words; empty where nothing is wrong.
    """

    active_units: int
    latent_dim: int
    kl: float | None
    kl_se: float | None
    kl_per_dim: tuple[float, ...] | None
    kl_per_group: dict[str, float] | None
    expected_before: int | None
    expected_after: int | None
    noise_variance: float | None
    noise_from: str | None
    beta: float
    saturation: float | None
    concentration: tuple[float, float, float] | None
    perplexity: tuple[float, ...] | None
    dead_categories: float | None
    num_examples: int
    seed: int
    collapsed: bool
    verdict: str
    advice: str

    def to_dict(self) -> dict[str, Any]:
        """A plain dictionary, ready for JSON."""
        return asdict(self)


def latent_health(
    model: DataModel, source: Source, *, beta: float = 1.0, variance: float | None = None, seed: int = 0
) -> LatentHealth:
    """Measure the code of a model, with one pass of the encoder.

    Args:
        model: Any.
        source: The split.
        beta: Weight of the KL that the model was trained with.
        variance: sigma^2 of the decoder, where it is fixed; for the expectation before training.
        seed: Of the draws.

    Returns:
        The findings.

    Raises:
        DataError: No rows.
        ConfigurationError: A beta or a variance that is not positive.

    References:
        Burda, Grosse, Salakhutdinov, 2016, arXiv:1509.00519, section 5.2; Lucas, Tucker, Grosse, Norouzi, 2019,
        arXiv:1911.02469.
    """
    dense = Need.DENSITY in model.vae.provides
    means: list[Tensor] = []
    kls: list[Tensor] = []
    kappas: list[Tensor] = []
    saturated: list[tuple[float, int]] = []
    with torch.no_grad(), evaluating(model), seeded(stream(seed, "health"), model.device):
        for block in blocks(model, source, READ, seed=seed):
            walk = model.vae.latents.infer(model.vae.encoder(block.x))
            trace = Trace(block.x, walk, walk.p[0])  # nothing is decoded: p(x|z) has no part in this
            means.append(posterior_means(trace).double().cpu())
            if dense:
                kls.append(kl_by_dim(trace).double().cpu())
            if (kappa := concentrations(trace)) is not None:
                kappas.append(kappa.double().cpu())
            if (share := log_scale_saturation(trace)) is not None:
                saturated.append((share, len(block.x)))
    codes, rows = torch.cat(means), sum(len(each) for each in means)
    kl_dims = torch.cat(kls) if dense else None
    before = expected_before(model, source, beta=beta, variance=variance) if dense else None
    after = expected_after(model, source, beta=beta) if dense else None
    active, kl = active_units(codes, model.prior_spread()), None if kl_dims is None else kl_dims.sum(1)
    saturation = sum(share * size for share, size in saturated) / rows if saturated else None
    used = _categories(model, codes)
    mean_kl = None if kl is None else float(kl.mean())
    verdict, advice = _judged(active, model.latent_dim, mean_kl, after, saturation)
    return LatentHealth(
        active_units=active,
        latent_dim=model.latent_dim,
        kl=mean_kl,
        kl_se=None if kl is None else standard_error(kl),
        kl_per_dim=None if kl_dims is None else tuple(kl_dims.mean(0).tolist()),
        kl_per_group=None if kl_dims is None else _by_group(model, kl_dims.mean(0)),
        expected_before=None if before is None else before.count,
        expected_after=None if after is None else after.count,
        noise_variance=None if after is None else after.variance,
        noise_from=None if after is None else after.noise_from,
        beta=beta,
        saturation=saturation,
        concentration=_range(torch.cat(kappas)) if kappas else None,
        perplexity=None if used is None else tuple(perplexity(used).tolist()),
        dead_categories=None if used is None else float((used < 1e-3).double().mean()),
        num_examples=rows,
        seed=seed,
        collapsed=mean_kl is not None and mean_kl < COLLAPSED,
        verdict=verdict,
        advice=advice,
    )


def _by_group(model: DataModel, kl: Tensor) -> dict[str, float]:
    sizes = model.latent_sizes
    return {name: float(part.sum()) for name, part in zip(sizes, kl.split(list(sizes.values())), strict=True)}


def _range(kappa: Tensor) -> tuple[float, float, float]:
    return float(kappa.min()), float(kappa.median()), float(kappa.max())


def _categories(model: DataModel, codes: Tensor) -> Tensor | None:
    """Mean probabilities of the categories of one-hot groups, `[variables, C]`, where all have as many."""
    groups = model.vae.latents.groups
    if any(getattr(group, "domain", "real") != "one_hot" for group in groups):
        return None
    last = {group.event_shape[-1] for group in groups}
    return codes.mean(0).reshape(-1, last.pop()) if len(last) == 1 else None


def _judged(
    active: int, size: int, kl: float | None, expected: ExpectedUnits | None, saturation: float | None
) -> tuple[str, str]:
    found, advice = [f"{active} of {size} latent dimensions are active"], []
    if kl is None:
        found.append("there is no prior that they could collapse to")
    elif kl < COLLAPSED:
        found.append(f"the posterior has collapsed: {kl:.2g} nats of KL say nothing of x")
        advice.append(
            "warm the KL up (kl_warmup), lower beta, let each dimension keep some nats (free_bits), lower the "
            "likelihood's sigma or take a weaker decoder"
        )
    elif expected is not None:
        found.append(
            f"PCA expects {expected.count} at this noise (sigma^2 = {expected.variance:.3g}, from "
            f"{expected.noise_from}; beta = {expected.beta:g})"
        )
        if active < math.floor(0.8 * expected.count):
            advice.append("fewer than the data pay for: warm the KL up (kl_warmup) or train longer")
        elif active < size:
            advice.append(
                "the rest cost more than they explain, which is right at this noise: take fewer latent dimensions, or "
                "lower beta to use more"
            )
        elif expected.count == size:
            advice.append("all are in use: more latent dimensions may explain more")
    if saturation is not None and saturation > SATURATED:
        found.append(f"{saturation:.1%} of the posterior's log-scales are at their bounds")
        advice.append("look for constant or exactly predictable columns, or add noise to the data")
    return "; ".join(found), "; ".join(advice)

"""Codes that a person moved, brought back to where the latent variables live."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor
from torch.nn.functional import normalize, one_hot

from latentia.data_model import DataModel
from latentia.names import Domain


def domain_of(group: object) -> Domain:
    """Where the variables of a latent group live; the real line where the group does not say."""
    return cast(Domain, getattr(group, "domain", "real"))


def inside(model: DataModel, codes: Tensor) -> Tensor:
    """The codes, each moved to a value near it that the latent variables can take.

    Negative parts of positive variables become 0, shares are made to add up to one, directions get length one, and
    discrete variables take the nearest value. Codes on the real line, and those inside already, are left alone.

    Args:
        model: L latent dimensions in all.
        codes: `[N, L]`.

    Returns:
        `[N, L]`.
    """
    groups = model.vae.latents.groups
    parts = codes.split(list(model.latent_sizes.values()), dim=1)
    moved = [
        _inside(domain_of(group), part.reshape(-1, *group.event_shape)).flatten(1)
        for group, part in zip(groups, parts, strict=True)
    ]
    return torch.cat(moved, dim=1)


def _inside(domain: Domain, z: Tensor) -> Tensor:
    match domain:
        case "real":
            return z
        case "sphere":
            return normalize(z, dim=-1)
        case "positive":
            return z.clamp_min(0)
        case "interval":
            return z.clamp(0, 1)
        case "simplex":
            z = z.clamp_min(0)
            # Where nothing is left, every share is equal.
            total = z.sum(-1, keepdim=True)
            return torch.where(total > 0, z / total.clamp_min(torch.finfo(z.dtype).tiny), 1 / z.shape[-1])
        case "binary":
            return (z > 0.5).to(z.dtype)
        case "one_hot":
            return one_hot(z.argmax(-1), z.shape[-1]).to(z.dtype)

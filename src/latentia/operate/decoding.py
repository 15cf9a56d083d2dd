"""Codes of models with several latent groups: their names and parts, and decoding with the lower groups free."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from latentia.conditionals import Need
from latentia.data_model import BLOCK, DataModel, evaluating, seeded
from latentia.errors import CompatibilityError

_SEED = 0
"""At temperature 0 only a mixture still chooses, among its components; the choice must repeat."""


def code_names(model: DataModel) -> tuple[str, ...]:
    """A name for every latent dimension, such as `z[0]`, in the order of `DataModel.encode`.

    Args:
        model: L latent dimensions in all.

    Returns:
        L names.
    """
    return tuple(f"{name}[{i}]" for name, size in model.latent_sizes.items() for i in range(size))


def group_of(model: DataModel, dim: int) -> int:
    """Which latent group a dimension belongs to.

    Args:
        model: L latent dimensions in all.
        dim: Index in 0..L-1.

    Returns:
        The group's index in the order of generation.

    Raises:
        CompatibilityError: No such dimension.
    """
    first = 0
    for index, size in enumerate(model.latent_sizes.values()):
        if first <= dim < first + size:
            return index
        first += size
    raise CompatibilityError(f"there is no latent dimension {dim}; this model has {first}, numbered 0 to {first - 1}")


def as_codes(model: DataModel, codes: Any) -> Tensor:
    """Bring codes into a batch on the model's device.

    Args:
        model: L latent dimensions in all.
        codes: `[N, L]` array or tensor.

    Returns:
        `[N, L]` in the model's dtype.

    Raises:
        CompatibilityError: Another shape, or values that are not finite.
    """
    z = torch.as_tensor(codes, dtype=next(model.parameters()).dtype, device=model.device)
    if z.dim() != 2 or z.shape[1] != model.latent_dim:
        groups = ", ".join(f"{name} ({size})" for name, size in model.latent_sizes.items())
        raise CompatibilityError(
            f"codes have shape {tuple(z.shape)}; this model has (N, {model.latent_dim}), the groups {groups}"
        )
    if not bool(z.isfinite().all()):
        row, column = (~z.isfinite()).nonzero()[0].tolist()
        raise CompatibilityError(
            f"codes row {row}, column {column} (counted from 0) is {z[row, column].item()}; give finite numbers"
        )
    return z


def decode_upto(model: DataModel, codes: Any, upto: int) -> Tensor:
    """Decode with the groups up to one set, and those below it at the mean that their prior has given the groups above.

    In a hierarchy the groups below translate those above into data; were they held fixed, moving a group above would
    show only a part of what it does, and in a Markov chain nothing at all.

    Args:
        model: The model.
        codes: `[N, L]`; the entries of groups below `upto` are ignored.
        upto: Index of the last group that is set.

    Returns:
        `[N, *shape]`, means of p(x|z) in the data's units, on the CPU.
    """
    z = as_codes(model, codes)
    sizes = list(model.latent_sizes.values())
    chosen = list(zip(model.vae.latents.groups, z.split(sizes, dim=1), strict=True))[: upto + 1]
    # A flat prior cannot be cooled, and nothing is left to draw where every group is set.
    temperature = 0.0 if upto + 1 < len(sizes) else 1.0
    blocks = []
    with torch.no_grad(), evaluating(model), seeded(_SEED, model.device):
        for first in range(0, len(z), BLOCK):
            given = {g.name: part[first : first + BLOCK].reshape(-1, *g.event_shape) for g, part in chosen}
            size = min(BLOCK, len(z) - first)
            px = model.vae.generate(size, given=given, temperature=temperature).px
            blocks.append(model.preparation.restore(px.mean[0]).cpu())
    return torch.cat(blocks)


def has_prior(model: DataModel) -> bool:
    """Whether the model has a prior to sample from (an autoencoder has none)."""
    return Need.DENSITY in model.vae.provides


def prior_centre(model: DataModel) -> Tensor:
    """The code in the middle of the prior: each group at the mean of its prior given the groups above.

    For a standard normal prior this is zero; for a mixture it is the mean of one component, always the same; a prior
    without a middle, such as a uniform one on the sphere, gives one draw, always the same. Without a prior it is zero.

    Args:
        model: L latent dimensions in all.

    Returns:
        `[L]`, on the CPU.
    """
    if not has_prior(model):
        return torch.zeros(model.latent_dim)
    with torch.no_grad(), evaluating(model), seeded(_SEED, model.device):
        try:
            drawn = model.vae.generate(1, temperature=0.0).draw
        except CompatibilityError:
            drawn = model.vae.generate(1).draw
    return torch.cat([z[0, 0].flatten() for z in drawn.z]).cpu()

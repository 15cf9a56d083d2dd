"""A VAE together with the preparation of its data: what is trained, saved, loaded and used.

The core (`VAE`) speaks the units of its likelihood; this speaks the units of the data: raw pixels, columns, arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from latentia.conditionals import Need
from latentia.data.preparation import Preparation
from latentia.data.spec import DataSpec
from latentia.distributions import factor_means
from latentia.errors import CompatibilityError
from latentia.latents import Trace
from latentia.model import VAE

BLOCK = 256
"""Rows that pass through the networks at once when a whole array is encoded, decoded or sampled."""
ACTIVE = 0.01
"""A dimension is active if its posterior mean varies over the data by more than this (Burda and others, 2016), in
squared units of `prior_spread`: the paper's priors are standard normal, those of shares or directions far narrower."""
_DRAWS = 2000


class DataModel(nn.Module):
    """A VAE that reads and writes data in their own units.

    Args:
        vae: The composition.
        spec: What the data are.
        preparation: From raw batches to what the likelihood scores; by default the one its space asks for.
    """

    def __init__(self, vae: VAE, spec: DataSpec, preparation: Preparation | None = None) -> None:
        super().__init__()
        self.vae, self.spec = vae, spec
        self.preparation = preparation or Preparation.build(spec, vae.likelihood.space)  # type: ignore[arg-type] # nn.Module attributes are untyped

    @property
    def device(self) -> torch.device:
        """Where the parameters live."""
        return next(self.parameters()).device

    @property
    def latent_sizes(self) -> dict[str, int]:
        """Name of every latent group, top first, and its number of dimensions."""
        return {group.name: group.event_shape.numel() for group in self.vae.latents.groups}

    @property
    def latent_dim(self) -> int:
        """All latent dimensions together: the width of what `encode` returns."""
        return sum(self.latent_sizes.values())

    def prior_spread(self) -> Tensor:
        """One unit of each latent dimension: 1 on the real line, elsewhere the standard deviation of prior draws.

        Returns:
            `[L]`, on the CPU; the same at every call.
        """
        groups = self.vae.latents.groups
        real = [getattr(group, "domain", "real") == "real" for group in groups]
        if all(real) or Need.SAMPLES not in self.vae.provides:
            return torch.ones(self.latent_dim)
        with torch.no_grad(), evaluating(self), seeded(0, self.device):
            drawn = self.vae.latents.generate(torch.Size([1, _DRAWS])).z
        spread = [
            torch.ones(z[0, 0].numel()) if plain else z[0].flatten(1).std(0).float().cpu()
            for z, plain in zip(drawn, real, strict=True)
        ]
        return torch.cat(spread)

    def in_data_units(self, terms: Mapping[str, float], offset: float | None = None) -> dict[str, float]:
        """Log-likelihood terms of x turned into those of the data: the change of variables is added once, here.

        Args:
            terms: Name to nats for each example, as an objective names them.
            offset: Mean over rows of log|dx/draw|, where it differs between rows because cells are missing.

        Returns:
            The same names; the bounds and the reconstruction term are shifted by `preparation.log_scale`.
        """
        offset = self.preparation.log_scale if offset is None else offset
        densities = ("elbo", "bound", "reconstruction")
        return {name: value + offset if name in densities else value for name, value in terms.items()}

    def as_batch(self, data: Any) -> Tensor:
        """Bring an array into the shape of a batch, on the model's device and in its own dtype.

        Args:
            data: Array or tensor `[N, *shape]`; pictures also as `[N, H, W, C]`, `[N, H, W]` for one channel, or flat.

        Returns:
            `[N, *shape]`.

        Raises:
            CompatibilityError: The shape does not fit the model's data.
        """
        x = data if isinstance(data, Tensor) else torch.from_numpy(np.ascontiguousarray(data))
        shape = self.spec.shape
        event = tuple(x.shape[1:])
        if event == shape:
            pass
        elif self.spec.kind == "image" and event == (*shape[1:], shape[0]):
            x = x.movedim(-1, 1)
        elif event == (self.spec.num_dims,) or (shape[0] == 1 and event == shape[1:]):
            x = x.reshape(-1, *shape)
        else:
            raise CompatibilityError(
                f"the data have shape {tuple(x.shape)}, but the model was trained on {self.spec.name!r} with rows "
                f"of shape {shape}; "
                f"give an array of shape (N, {', '.join(map(str, shape))})"
            )
        return x.to(self.device)

    def _blocks(self, x: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
        with torch.no_grad(), evaluating(self):
            return torch.cat([function(block).cpu() for block in x.split(BLOCK)])

    def _means(self, x: Tensor) -> Trace:
        return self.vae.trace(self.preparation.expected(x), pick=factor_means)

    def encode(self, data: Any) -> Tensor:
        """Posterior means: the representation of each row, without noise.

        Args:
            data: `[N, *shape]` in the data's units.

        Returns:
            `[N, L]`, the groups side by side in the order of `latent_sizes`.
        """

        def codes(x: Tensor) -> Tensor:
            # The walk alone: p(x|z) would cost the decoder.
            evidence = self.vae.encoder(self.preparation.expected(x))
            drawn = self.vae.latents.infer(evidence, pick=factor_means)
            return torch.cat([z[0].flatten(1) for z in drawn.z], dim=1)

        return self._blocks(self.as_batch(data), codes)

    def decode(self, z: Any, *, mean: bool = True) -> Tensor:
        """Data that codes stand for.

        Args:
            z: `[N, L]`, laid out as by `encode`.
            mean: The mean of p(x|z); otherwise a sample of it.

        Returns:
            `[N, *shape]` in the data's units.

        Raises:
            CompatibilityError: Codes of another width.
        """
        codes = torch.as_tensor(z, dtype=next(self.parameters()).dtype, device=self.device)
        if codes.dim() != 2 or codes.shape[1] != self.latent_dim:
            raise CompatibilityError(
                f"codes have shape {tuple(codes.shape)}; this model decodes (N, {self.latent_dim}), the groups "
                + ", ".join(f"{name} ({size})" for name, size in self.latent_sizes.items())
            )
        return self._blocks(codes, lambda block: self._decoded(block, mean))

    def _decoded(self, block: Tensor, mean: bool) -> Tensor:
        parts = block.split(list(self.latent_sizes.values()), dim=1)
        groups = self.vae.latents.groups
        given = {g.name: part.reshape(-1, *g.event_shape) for g, part in zip(groups, parts, strict=True)}
        px = self.vae.generate(block.shape[0], given=given).px
        return self.preparation.restore((px.mean if mean else px.sample())[0])

    def reconstruct(self, data: Any, *, mean: bool = True) -> Tensor:
        """Each row through the model and back: the mean of p(x|z) at the posterior's mean.

        Args:
            data: `[N, *shape]` in the data's units.
            mean: The mean of p(x|z); otherwise a sample of it.

        Returns:
            `[N, *shape]` in the data's units.
        """

        def back(x: Tensor) -> Tensor:
            px = self._means(x).px
            return self.preparation.restore((px.mean if mean else px.sample())[0])

        return self._blocks(self.as_batch(data), back)

    def sample(self, num: int, *, temperature: float = 1.0, mean: bool = True) -> Tensor:
        """New data from the prior.

        Args:
            num: N, how many.
            temperature: Scales the spread of the prior; below 1 gives more typical samples.
            mean: The mean of p(x|z) for each z drawn, as pictures are usually shown; otherwise a sample of p(x|z):
                what the model believes data look like.

        Returns:
            `[N, *shape]` in the data's units.
        """

        def drawn(block: Tensor) -> Tensor:
            px = self.vae.generate(block.shape[0], temperature=temperature).px
            return self.preparation.restore((px.mean if mean else px.sample())[0])

        return self._blocks(torch.empty(num, 0), drawn)

    def trace(self, data: Any, *, num_samples: int = 1) -> Trace:
        """Infer z for each row and score it: the walk that training and evaluation use, gradients and all.

        Args:
            data: `[B, *shape]` in the data's units.
            num_samples: K, posterior samples for each row.

        Returns:
            A trace with lead (K, B); its densities are those of x in the likelihood's units (add
            `preparation.log_scale` for the density in the data's).
        """
        return self.vae.trace(self.preparation(self.as_batch(data)), num_samples=num_samples)


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """A scope in which a module is in evaluation mode; afterwards it is as it was.

    Args:
        module: Any module.

    Yields:
        Nothing.
    """
    before = module.training
    module.eval()
    try:
        yield
    finally:
        module.train(before)


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """A scope in which torch's generators start from `seed`; afterwards they are as they were.

    Distributions take no generator, so reproducible noise needs a scope.

    Args:
        seed: Any integer.
        device: The device whose generator is used besides the CPU's.

    Yields:
        Nothing.
    """
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield

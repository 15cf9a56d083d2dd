"""From raw batches to what the likelihood scores, and back."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Self, cast

import torch
from torch import Tensor, nn

from latentia.data.admission import admit
from latentia.data.spec import DataSpec
from latentia.data.units import refuse_space, shift_and_scale
from latentia.errors import ConfigurationError
from latentia.names import Space


class Preparation(nn.Module):
    r"""The map from data units to model units; it has no parameters and runs on the device, a batch at a time.

    In the binary space x = raw/unit, drawn anew each time from Bernoulli(raw/unit) where data are grey (dynamic
    binarisation); among levels and in the unit interval x = raw/unit; on the real line x = raw/unit for levels, x = raw
    for reals in [0, 1] and x = (raw - mean)/std for other reals and counts; in the space of counts x = raw, and the
    columns of a mixed table have units of their own (`shift_and_scale`). Missing values (NaN) stay NaN. So
    \(\log p(raw) = \log p(x) + \sum \log |dx/draw|\); the sum is `log_scale`.

    A column that counts as constant has std 0: it is centred, not scaled, and restored as its mean.

    Args:
        spec: The data.
        space: What the likelihood scores.

    Attributes:
        spec: As given.
        space: As given.
        shape: Shape of one prepared row, that of the data.
        log_scale: Sum over dimensions of log|dx/draw|, in nats for each complete row; 0 where probabilities are scored,
            not densities. Rows with missing values have a part of it, `log_scale_of`.

    References:
        Dynamic binarisation: Salakhutdinov, Murray, On the quantitative analysis of deep belief networks, 2008.
    """

    def __init__(self, spec: DataSpec, space: Space) -> None:
        super().__init__()
        self.spec, self.space = spec, space
        self.shape = spec.shape
        self.log_scale = self._log_scale()
        self.register_buffer("_here", torch.empty(0), persistent=False)
        self._place(torch.device("cpu"))

    @classmethod
    def build(cls, spec: DataSpec, space: Space) -> Preparation:
        """The preparation for a likelihood's space.

        Args:
            spec: The data.
            space: What the likelihood scores.

        Returns:
            The preparation.

        Raises:
            ConfigurationError: The likelihood does not fit the data; names the range found and the one that fits.
        """
        found = f"{spec.name!r} has real values from {spec.low:g} to {spec.high:g}"
        refuse_space(spec, space)
        if space == "binary" and spec.support == "real":
            raise ConfigurationError(
                f"a Bernoulli likelihood scores data within [0, 1], but {found}; use likelihood gaussian"
            )
        if space == "unit" and spec.support not in ("binary", "levels", "unit"):
            raise ConfigurationError(
                f"a continuous Bernoulli likelihood scores data within [0, 1], but {found}; use likelihood gaussian"
            )
        if space == "levels" and spec.support not in ("binary", "levels"):
            raise ConfigurationError(
                f"this likelihood scores whole numbers on a scale of levels, but {found}; use likelihood gaussian"
            )
        return cls(spec, space)

    @property
    def binarises(self) -> bool:
        """Whether grey data are drawn as binary ones anew each time."""
        return self.space == "binary" and self.spec.support != "binary"

    @property
    def scores_density(self) -> bool:
        """Whether log-likelihoods are those of a density; otherwise they are of probabilities."""
        columns = self.spec.columns or ()
        return self.space in ("unit", "real") or any(column.kind in ("real", "positive") for column in columns)

    @property
    def standardises(self) -> bool:
        """Whether columns are centred and scaled (in a mixed table, the real ones)."""
        return self.spec.support in ("real", "counts", "mixed") and self.space in ("real", "mixed")

    @property
    def _unit(self) -> float:
        return 1.0 if self.space == "counts" and self.spec.support == "levels" else self.spec.unit

    def _log_scale(self) -> float:
        if not self.scores_density:
            return 0.0
        if not self.standardises:
            # Reals in [0, 1] are scored as they are, and their unit is 1.
            return -self.spec.num_dims * math.log(self.spec.unit)
        scales = shift_and_scale(self.spec)[1]
        return -sum(math.log(std) for std in scales if std > 0) * (self.spec.num_dims // self.spec.shape[0])

    def log_scale_of(self, raw: Tensor) -> Tensor:
        """`log_scale` of each row: missing values have no part in its density, and none in the change of variables.

        Args:
            raw: `[B, *shape]` in data units.

        Returns:
            `[B]`, in nats.
        """
        scale = self._scale if self.standardises else torch.full_like(self._scale, self.spec.unit)
        each = -scale.log() if self.scores_density else torch.zeros_like(scale)
        return torch.where(raw.isnan(), 0.0, each.to(raw.device)).flatten(1).sum(1)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        # .to(bfloat16) and the like move the module without rounding the statistics: 1e9 + noise needs float64
        nn.Module._apply(self, fn, recurse)
        self._place(cast(Tensor, self._here).device)
        return self

    def _place(self, device: torch.device) -> None:
        self._wide = torch.float32 if device.type == "mps" else torch.float64  # which mps lacks
        column = (-1, *[1] * (len(self.shape) - 1))
        shifts, scales = shift_and_scale(self.spec)
        self._mean = torch.tensor(shifts, dtype=self._wide, device=device).view(column)
        self._std = torch.tensor(scales, dtype=self._wide, device=device).view(column)
        self._scale = torch.where(self._std > 0, self._std, torch.ones_like(self._std))

    def expected(self, raw: Tensor) -> Tensor:
        """Prepare without noise: as `forward`, but grey data keep their probability where `forward` would binarise.

        Args:
            raw: `[B, *shape]` in data units, any dtype.

        Returns:
            `[B, *shape]` float32.
        """
        if self.standardises:
            return ((raw.to(self._wide) - self._mean) / self._scale).to(torch.float32)
        x = raw.to(torch.float32)
        return x if self._unit == 1.0 else x / self._unit

    def forward(self, raw: Tensor) -> Tensor:
        """Prepare a batch.

        Args:
            raw: `[B, *shape]` in data units, any dtype, on this module's device.

        Returns:
            `[B, *shape]` float32. Where grey data are binarised, the noise comes from torch's generator.
        """
        x = self.expected(raw)
        if not self.binarises:
            return x
        return torch.bernoulli(x) if self.spec.missing == 0 else torch.bernoulli(x.nan_to_num()).where(~x.isnan(), x)

    def restore(self, x: Tensor) -> Tensor:
        """Bring model units back to data units; constant columns get their constant exactly.

        Args:
            x: `[..., *shape]` in model units.

        Returns:
            `[..., *shape]` in data units: float64 where the data were, else float32.
        """
        dtype = torch.float64 if self.spec.dtype == "float64" and self._wide == torch.float64 else torch.float32
        if self.standardises:
            return (x.to(self._wide) * self._std + self._mean).to(dtype)
        return (x.to(self._wide) * self._unit).to(dtype)

    def restore_spread(self, spread: Tensor) -> Tensor:
        """Bring standard deviations in model units back to data units.

        Args:
            spread: `[..., *shape]`, standard deviations of x.

        Returns:
            `[..., *shape]`, those of the data.
        """
        return spread.to(self._wide) * (self._std if self.standardises else self._unit)

    def check(self, raw: Tensor, what: str = "the data") -> Tensor:
        """Pass on data of the kind that the model was trained on.

        Args:
            raw: `[N, *shape]` in data units.
            what: Their name, for messages.

        Returns:
            The same values in the dtype of the training data.

        Raises:
            DataError: Another shape, or values that the training data could not have.
        """
        return admit(raw, self.spec, what)

    def extra_repr(self) -> str:
        """What `print` shows."""
        return f"{self.spec.support} -> {self.space}, log_scale={self.log_scale:g}"

"""A factorised Gaussian over the weights of a network."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from latentia.errors import CompatibilityError, ConfigurationError

Setting = float | Mapping[str, float | Tensor]
"""One number for all weights, or a number or tensor by the name of the parameter."""


class GaussianWeights(nn.Module):
    r"""q(w) = N(mu, diag(sigma^2)) with a prior p(w) = N(m, diag(s^2)), over the parameters of a module.

    Args:
        start: Parameters by name; q starts around their values.
        init_scale: sigma at the start.
        prior_loc: m.
        prior_scale: s.

    Raises:
        ConfigurationError: A scale that is not positive, or a prior without an entry for a parameter.
        CompatibilityError: No parameters.

    >>> q = GaussianWeights({"w": torch.zeros(3, 2)}, init_scale=1.0)
    >>> q.draw(torch.zeros(6))["w"].shape, float(q.kl())
    (torch.Size([3, 2]), 0.0)
    """

    def __init__(
        self,
        start: Mapping[str, Tensor],
        *,
        init_scale: float = 0.05,
        prior_loc: Setting = 0.0,
        prior_scale: Setting = 1.0,
    ) -> None:
        super().__init__()
        if not start:
            raise CompatibilityError("there are no parameters to be uncertain about; name a part that has some")
        self.shapes = {name: value.shape for name, value in start.items()}
        loc = torch.cat([value.detach().flatten() for value in start.values()])
        self.loc = nn.Parameter(loc.clone())
        self.register_buffer("prior_loc", self._flat(prior_loc, loc, "prior_loc"))
        self.register_buffer("prior_scale", self._flat(prior_scale, loc, "prior_scale"))
        self.prior_loc: Tensor
        self.prior_scale: Tensor
        if not (init_scale > 0 and bool((self.prior_scale > 0).all())):
            raise ConfigurationError("init_scale and prior_scale are standard deviations; give numbers above 0")
        self.log_scale = nn.Parameter(torch.full_like(loc, math.log(init_scale)))

    def _flat(self, setting: Setting, like: Tensor, name: str) -> Tensor:
        if not isinstance(setting, Mapping):
            return torch.full_like(like, float(setting))
        if set(setting) != set(self.shapes):
            raise ConfigurationError(
                f"{name} has entries for {', '.join(sorted(setting)) or 'nothing'}; expected one for each of "
                f"{', '.join(self.shapes)}"
            )
        parts = [torch.as_tensor(setting[key]).to(like).expand(shape).flatten() for key, shape in self.shapes.items()]
        return torch.cat(parts)

    @property
    def size(self) -> int:
        """How many weights."""
        return len(self.loc)

    def draw(self, noise: Tensor) -> dict[str, Tensor]:
        """Weights by name, differentiable in mu and sigma.

        Args:
            noise: Standard normal, `[size]`.

        Returns:
            Name to a tensor of the parameter's shape.
        """
        flat = self.loc + self.log_scale.exp() * noise
        parts = flat.split([shape.numel() for shape in self.shapes.values()])
        return {name: part.reshape(shape) for (name, shape), part in zip(self.shapes.items(), parts, strict=True)}

    def kl(self) -> Tensor:
        r"""KL(q || p) in nats, \(\sum_i \ln(s_i / \sigma_i) + (\sigma_i^2 + (\mu_i - m_i)^2) / 2 s_i^2 - 1/2\)."""
        ratio = (self.log_scale.exp() / self.prior_scale).square()
        shift = ((self.loc - self.prior_loc) / self.prior_scale).square()
        return 0.5 * (ratio + shift - 1 - ratio.log()).sum()

    def log_ratio(self, noise: Tensor) -> Tensor:
        """Log p(w) - log q(w) of the draw that `noise` makes, in nats; its mean is -KL(q || p).

        Args:
            noise: Standard normal, `[size]`.

        Returns:
            A number.
        """
        standard = (self.loc + self.log_scale.exp() * noise - self.prior_loc) / self.prior_scale
        # The normalisers of both have the same 2 pi.
        return (self.log_scale - self.prior_scale.log() + 0.5 * (noise.square() - standard.square())).sum()

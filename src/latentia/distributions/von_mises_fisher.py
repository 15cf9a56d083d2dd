"""The von Mises-Fisher distribution: a bump around a direction, on the sphere of any dimension."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution, constraints, register_kl
from torch.nn.functional import normalize

from latentia.distributions.bessel import BesselI, bessel_i, ratio_slope, widened
from latentia.distributions.polar_angle import polar_angle
from latentia.distributions.unit_sphere import UniformSphere, check_sphere, log_area, unit_vectors


class VonMisesFisher(Distribution):
    r"""\(p(z) = C_m(\kappa)\, e^{\kappa \mu^\top z}\) over unit vectors z of R^m, with respect to area.

    \(C_m(\kappa) = \kappa^{m/2-1} / ((2\pi)^{m/2} I_{m/2-1}(\kappa))\). Samples are reparameterised: an angle to
    \(\mu\) whose derivative in \(\kappa\) is implicit (see `polar_angle`), a uniform direction around it, and a
    reflection that carries the pole to \(\mu\). What depends on \(\kappa\) alone is computed in float64 whatever the
    precision of the parameters, and \(\mu^\top z\) through \(|z - \mu|^2\), so float32 serves from
    \(\kappa = 0.01\) to \(10^6\), on the ordinary sphere as for m = 200.

    Args:
        loc: Mean directions \(\mu\), unit vectors `[*batch, m]`.
        concentration: \(\kappa > 0\), `[*batch]`.

    References:
        Mardia, Jupp, Directional statistics, 2000, doi:10.1002/9780470316979; Davidson, Falorsi, De Cao, Kipf, Tomczak,
        Hyperspherical variational auto-encoders, 2018, arXiv:1804.00891.

    >>> VonMisesFisher(torch.eye(3), torch.ones(3)).rsample((5,)).shape
    torch.Size([5, 3, 3])
    """

    arg_constraints = {"loc": unit_vectors, "concentration": constraints.positive}  # noqa: RUF012 -- torch's protocol
    has_rsample = True

    def __init__(self, loc: Tensor, concentration: Tensor) -> None:
        self.dim = check_sphere(loc.shape[-1])
        batch = torch.broadcast_shapes(loc.shape[:-1], concentration.shape)
        self.loc, self.concentration = loc.expand(*batch, self.dim), concentration.expand(batch)
        super().__init__(batch, loc.shape[-1:], validate_args=False)

    @property
    def support(self) -> constraints.Constraint:
        """Unit vectors."""
        return unit_vectors

    def expand(self, batch_shape: Any, _instance: Any = None) -> VonMisesFisher:
        """The same distribution with its batch broadcast to `batch_shape`."""
        shape = torch.Size(batch_shape)
        return VonMisesFisher(self.loc.expand(shape + self.event_shape), self.concentration.expand(shape))

    def _bessel(self) -> tuple[Tensor, BesselI]:
        kappa = widened(self.concentration)
        return kappa, bessel_i(self._order, kappa)

    @property
    def _order(self) -> float:
        return self.dim / 2 - 1

    def _log_peak(self, kappa: Tensor, found: BesselI) -> Tensor:
        """Log C + kappa, the density at the mean direction."""
        return self._order * kappa.log() - found.log_scaled - self.dim / 2 * math.log(2 * math.pi)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density of unit vectors `[*, m]` with respect to area, in nats."""
        peak = self._log_peak(*self._bessel()).to(self.loc.dtype)
        # For unit vectors mu.z = 1 - |z - mu|^2 / 2, which keeps the digits that kappa would magnify.
        return peak - 0.5 * self.concentration * (value - self.loc).square().sum(-1)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws `[*sample_shape, *batch, m]`, differentiable in both parameters."""
        shape = self._extended_shape(torch.Size(sample_shape))
        angle = polar_angle(widened(self.concentration), self.dim, torch.Size(sample_shape))
        around = torch.randn((*shape[:-1], self.dim - 1), dtype=self.loc.dtype, device=self.loc.device)
        around = normalize(around, dim=-1)
        cosine, sine = angle.cos().to(self.loc.dtype), angle.sin().to(self.loc.dtype)
        at_pole = torch.cat([cosine[..., None], sine[..., None] * around], dim=-1)
        return _carry_pole_to(self.loc, at_pole)

    @property
    def mean(self) -> Tensor:
        r"""The mean vector \(A_m(\kappa) \mu\), inside the sphere."""
        _, found = self._bessel()
        return found.ratio.to(self.loc.dtype)[..., None] * self.loc

    @property
    def centre(self) -> Tensor:
        r"""The mean direction \(\mu\), on the sphere."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        r"""Variances of the coordinates, the diagonal of \((A/\kappa)(I - \mu\mu^\top) + A'\mu\mu^\top\)."""
        kappa, found = self._bessel()
        across, along = found.ratio / kappa, ratio_slope(self._order, found, kappa)
        share = widened(self.loc).square()
        return (across[..., None] * (1 - share) + along[..., None] * share).to(self.loc.dtype)

    def _entropy(self) -> Tensor:
        kappa, found = self._bessel()
        return kappa * found.complement - self._log_peak(kappa, found)

    def entropy(self) -> Tensor:
        r"""Differential entropy \(-\log C_m(\kappa) - \kappa A_m(\kappa)\), `[*batch]`, in nats."""
        return self._entropy().to(self.loc.dtype)

    def kl_to_uniform(self) -> Tensor:
        r"""KL to the uniform distribution, the entropy that is missing to \(\log|S^{m-1}|\); free of \(\mu\).

        Returns:
            `[*batch]`, in nats.
        """
        return (log_area(self.dim) - self._entropy()).to(self.loc.dtype)


def _carry_pole_to(loc: Tensor, z: Tensor) -> Tensor:
    # A reflection that carries the pole to -loc or to loc, whichever is farther: its normal is never short, so neither
    # the reflection nor its gradient in loc degenerates. The sign brings the result back.
    sign = torch.where(loc[..., :1] < 0, -1.0, 1.0).to(loc.dtype)
    normal = torch.cat([loc[..., :1] + sign, loc[..., 1:]], dim=-1)
    along = (normal * z).sum(-1, keepdim=True) / normal.square().sum(-1, keepdim=True)
    return sign * (2 * along * normal - z)


def _kl_to_uniform(q: VonMisesFisher, p: UniformSphere) -> Tensor:
    return q.kl_to_uniform()


register_kl(VonMisesFisher, UniformSphere)(_kl_to_uniform)

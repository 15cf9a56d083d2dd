"""The covariance of the aggregate posterior held to the identity: DIP-VAE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent

from latentia.conditionals import Need
from latentia.distributions import PointMass
from latentia.errors import CompatibilityError
from latentia.latents import Trace
from latentia.model import VAE
from latentia.objectives.protocol import Step


def covariance_of_means(q: Distribution) -> Tensor:
    r"""\(Cov_x[\mu(x)]\) over a batch.

    Args:
        q: The posterior of each row, batch `[B]`, event `[D]`.

    Returns:
        `[D, D]`, over B.
    """
    means = q.mean.flatten(1)
    centred = means - means.mean(0)
    # Products, not a matrix product: autocast would narrow that to 16 bits.
    return (centred.unsqueeze(2) * centred.unsqueeze(1)).mean(0)


def covariance_of_aggregate(q: Distribution) -> Tensor:
    r"""\(Cov_{q(z)}[z] = Cov_x[\mu(x)] + E_x[\Sigma(x)]\), the law of total covariance.

    Args:
        q: The posterior of each row, batch `[B]`, event `[D]`.

    Returns:
        `[D, D]`.

    Raises:
        CompatibilityError: The posterior's dimensions depend on one another in a way that it does not tell.
    """
    if isinstance(q, Independent | PointMass):
        within = q.variance.flatten(1).mean(0).diag()
    elif hasattr(q, "covariance_matrix"):
        within = q.covariance_matrix.mean(0)
    else:
        raise CompatibilityError(
            f"the covariance of {type(q).__name__} within each row is not known; choose a posterior such as diagonal, "
            "full or low_rank, or the recipe dip_i, which needs the means alone"
        )
    return covariance_of_means(q) + within


@dataclass(frozen=True, slots=True)
class IdentityCovariance:
    r"""\(\lambda_{od} \sum_{i \ne j} C_{ij}^2 + \lambda_d \sum_i (C_{ii} - 1)^2\).

    C is estimated from the batch, over B; a batch of one row has none, and the term is zero. The target is the
    covariance of the standard normal prior.

    Args:
        off_diagonal: Weight of the squared covariances, lambda_od.
        diagonal: Weight of the squared deviations of the variances from one, lambda_d.
        of_means: C is that of the posterior means (DIP-VAE-I); otherwise that of the aggregate posterior (II).

    References:
        Kumar, Sattigeri, Balakrishnan, Variational inference of disentangled latent concepts from unlabeled
        observations, 2018, arXiv:1711.00848, equations 6 and 7.
    """

    off_diagonal: float
    diagonal: float
    of_means: bool
    name: ClassVar[str] = "covariance"
    requires: ClassVar[frozenset[Need]] = frozenset({Need.MOMENTS, Need.ONE_GROUP})

    def __call__(self, model: VAE, trace: Trace, step: Step) -> Tensor:
        """The weighted squared distance of the covariance from the identity."""
        q = trace.draw.q[0]
        if q.batch_shape[-1] < 2:
            return trace.draw.z[0].sum() * 0.0
        covariance = covariance_of_means(q) if self.of_means else covariance_of_aggregate(q)
        variances = covariance.diagonal()
        off_diagonal = (covariance - torch.diag(variances)).square().sum()
        return self.off_diagonal * off_diagonal + self.diagonal * (variances - 1).square().sum()

r"""The aggregate KL in three parts: index-code information, total correlation, and what each dimension strays from p.

\(E_x KL(q(z|x) \| p(z)) = I_q(x; z) + KL(q(z) \| \prod_j q(z_j)) + \sum_j KL(q(z_j) \| p(z_j))\), where
\(q(z) = \frac1N \sum_n q(z|x_n)\) runs over the training data and is estimated from the batch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent

from latentia.conditionals import Need
from latentia.errors import CompatibilityError
from latentia.latents import Trace
from latentia.model import VAE
from latentia.names import Aggregate
from latentia.objectives.protocol import Step


class Decomposition(NamedTuple):
    """The three parts for each sample, `[K, B]`, in nats; their sum is log q(z|x) - log p(z) exactly."""

    information: Tensor
    """Index-code mutual information, log q(z|x) - log q(z)."""
    correlation: Tensor
    """Total correlation, log q(z) - sum_j log q(z_j)."""
    dimensions: Tensor
    """Dimension-wise KL, sum_j [log q(z_j) - log p(z_j)]."""


def decompose(trace: Trace, num_data: int, aggregate: Aggregate = "stratified") -> Decomposition:
    r"""Split log q(z|x) - log p(z), with q(z) and q(z_j) estimated from a batch of B rows out of N.

    `weighted` takes \(q(z) \approx \frac{1}{NB} \sum_b q(z|x_b)\), biased low; `stratified` gives the row that z came
    from its share 1/N and each of the others \((N-1)/(N(B-1))\), which is unbiased for q(z) (not for its logarithm)
    and exact where the batch is the whole of the data.

    Args:
        trace: Of a model with a single group whose prior and posterior have independent dimensions.
        num_data: N, rows of the training data.
        aggregate: The estimator.

    Returns:
        The three parts; their means under `trace.draw.log_r` are the estimates.

    References:
        Chen, Li, Grosse, Duvenaud, Isolating sources of disentanglement in variational autoencoders, 2018,
        arXiv:1802.04942, section 3 and appendix C; the stratified estimator here is the mean of theirs over the order
        of the batch (their code, which writes the share of z's own row into the first column, is not followed).
    """
    z = trace.draw.z[0]
    q, p = factors(trace.draw.q[0]), factors(trace.draw.p[0])
    weights = log_shares(z.shape[1], num_data, aggregate, z.dtype).to(z.device)
    joint, marginals = log_mixture(q, z, weights)
    posterior, prior = (each.log_prob(z).flatten(2).sum(2) for each in (q, p))
    return Decomposition(posterior - joint, joint - marginals.sum(2), marginals.sum(2) - prior)


def log_mixture(q: Distribution, z: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    r"""\(\log \sum_j w_{ij}\, q(z_i|x_j)\), of the whole z and of each of its dimensions.

    Where the rows x_j come in chunks, `torch.logaddexp` of the chunks' results is that of all rows.

    Args:
        q: The single dimensions of q(z|x_j) for rows j = 1, ..., B'.
        z: Samples `[K, B, *event]`.
        weights: Logarithms of w, `[B, B']` or anything that broadcasts to it.

    Returns:
        `[K, B]` and `[K, B, D]`, in nats.
    """
    # [K, B, B', D]: sample i under the posterior of row j.
    pairs = q.log_prob(z.unsqueeze(2)).flatten(3)
    joint = torch.logsumexp(weights + pairs.sum(3), dim=2)
    return joint, torch.logsumexp(weights.unsqueeze(-1) + pairs, dim=2)


def factors(distribution: Distribution) -> Distribution:
    """The distribution of the single dimensions of a product.

    Args:
        distribution: One with independent dimensions.

    Returns:
        Its `log_prob` is elementwise.

    Raises:
        CompatibilityError: It is no product of that form.
    """
    if not isinstance(distribution, Independent):
        raise CompatibilityError(
            f"the KL cannot be decomposed: {type(distribution).__name__} does not give the density of each latent "
            "dimension; choose a posterior and a prior with independent dimensions, such as diagonal and standard"
        )
    base: Distribution = distribution.base_dist
    return base


def log_shares(batch: int, num_data: int, aggregate: Aggregate, dtype: torch.dtype = torch.float32) -> Tensor:
    """Logarithms of the weights of q(z_i|x_j) in the estimate of q(z_i).

    Args:
        batch: B.
        num_data: N.
        aggregate: The estimator.
        dtype: Of the result.

    Returns:
        `[B, B]`.

    >>> log_shares(2, 2, "stratified").exp()
    tensor([[0.5000, 0.5000],
            [0.5000, 0.5000]])
    """
    if aggregate == "weighted" or batch == 1:
        return torch.full((batch, batch), -math.log(num_data * batch), dtype=dtype)
    others = math.log(max(num_data - 1, 1) / (num_data * (batch - 1)))
    return torch.full((batch, batch), others, dtype=dtype).fill_diagonal_(-math.log(num_data))


@dataclass(frozen=True, slots=True)
class DecomposedKL:
    r"""Weigh the three parts of the KL apart, beside an ELBO that counts each of them once.

    The term is \((\alpha - 1) I + (\beta - 1) TC + (\gamma - 1) DW\). With all three weights equal it is that
    of a beta-VAE, up to sampling; it follows the KL's warm-up.

    Args:
        num_data: N, rows of the training data.
        information: alpha, the whole weight of the index-code mutual information.
        correlation: beta, that of the total correlation.
        dimensions: gamma, that of the dimension-wise KL.
        aggregate: How q(z) is estimated, see `decompose`.

    References:
        Chen, Li, Grosse, Duvenaud, 2018, arXiv:1802.04942, equation 4.
    """

    num_data: int
    information: float = 1.0
    correlation: float = 1.0
    dimensions: float = 1.0
    aggregate: Aggregate = "weighted"
    name: ClassVar[str] = "decomposed_kl"
    requires: ClassVar[frozenset[Need]] = frozenset(
        {Need.REPARAMETERISED, Need.DENSITY, Need.EVALUABLE, Need.FACTORISED, Need.ONE_GROUP}
    )

    def __call__(self, model: VAE, trace: Trace, step: Step) -> Tensor:
        """The weighted sum, beyond what the ELBO counts."""
        parts = decompose(trace, self.num_data, self.aggregate)
        weights = (self.information - 1, self.correlation - 1, self.dimensions - 1)
        per_sample = torch.stack([weight * part for weight, part in zip(weights, parts, strict=True)]).sum(0)
        return step.kl_weight * (trace.draw.log_r.exp() * per_sample).sum(0).mean()

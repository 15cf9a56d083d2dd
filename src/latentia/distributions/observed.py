"""Element-wise missing data: NaN stands for what was not observed."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent

from latentia.distributions.optimal_normal import OptimalNormal
from latentia.errors import CompatibilityError


class Observed(Independent):  # type: ignore[type-arg] # generic in newer releases of torch alone
    r"""Independent dimensions of which some are not observed: \(\log p(x_{obs})\), the marginal of the others.

    For independent dimensions the marginal is the product over the observed ones, so their log-probabilities are
    summed and the rest left out; a row without any observed element has log-probability 0. Means and samples are over
    all dimensions: they are what missing elements are imputed with.

    Args:
        base_distribution: Over single elements.
        reinterpreted_batch_ndims: How many trailing dimensions form one event.
        validate_args: Of torch's protocol; False here.

    References:
        Nazabal, Olmos, Ghahramani, Valera, Handling incomplete heterogeneous data using VAEs, 2020, arXiv:1807.03653;
        Mattei, Frellsen, MIWAE, 2019, arXiv:1812.02633.
    """

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-probability of the elements that are not NaN, summed over the event, in nats."""
        observed = ~value.isnan()
        # A value that every family scores and differentiates, in place of NaN: its score is left out below.
        filled = torch.where(observed, value, torch.zeros_like(value))
        base = self.base_dist
        if isinstance(base, OptimalNormal):
            base = base.fitted(filled, observed)
        each = base.log_prob(filled)
        kept = torch.where(observed, each, torch.zeros_like(each))
        return kept.sum(tuple(range(-self.reinterpreted_batch_ndims, 0)))


def observed(distribution: Distribution) -> Distribution:
    """The distribution with a `log_prob` that takes NaN for 'not observed'.

    Args:
        distribution: Independent over all dimensions of its event; or of a family that has a method `observed` of its
            own.

    Returns:
        A distribution of the same shapes, moments and samples.

    Raises:
        CompatibilityError: The dimensions depend on one another, so the marginal is no product.

    >>> from latentia.distributions import normal
    >>> px = observed(normal(torch.zeros(2), torch.ones(2)))
    >>> px.log_prob(torch.tensor([[0.0, torch.nan], [torch.nan, torch.nan]]))
    tensor([-0.9189, 0.0000])
    """
    own = getattr(distribution, "observed", None)
    if callable(own):
        marginal: Distribution = own()
        return marginal
    if not isinstance(distribution, Independent) or distribution.base_dist.event_shape:
        raise CompatibilityError(
            f"values are missing from the data, and a likelihood of the family {type(distribution).__name__} gives no "
            "probability to a part of a row: choose one with independent dimensions, such as gaussian, or fill the gaps"
        )
    return Observed(distribution.base_dist, distribution.reinterpreted_batch_ndims, validate_args=False)

"""What a critic minimises, and what it then knows."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import softplus


def cross_entropy(real: Tensor, fake: Tensor) -> Tensor:
    r"""The critic's loss, \(-\frac12 E_{real}[\log D] - \frac12 E_{fake}[\log(1 - D)]\), from log-odds.

    Its minimum over all critics is where the log-odds are \(\log p_{real} - \log p_{fake}\); its value there is
    ln 2 minus the Jensen-Shannon divergence.

    Args:
        real: Log-odds of what the critic should call real, any shape.
        fake: Of what it should not.

    Returns:
        Scalar, in nats; ln 2 for a critic that knows nothing.

    References:
        Goodfellow and others, Generative adversarial nets, 2014, arXiv:1406.2661.

    >>> import torch
    >>> round(float(cross_entropy(torch.zeros(5), torch.zeros(3))), 4)
    0.6931
    """
    return 0.5 * (softplus(-real).mean() + softplus(fake).mean())


def unconvinced(fake: Tensor) -> Tensor:
    r"""What the other side minimises, \(-E_{fake}[\log D]\): the non-saturating form, whose gradient survives defeat.

    Args:
        fake: Log-odds that the critic gives to what should pass as real.

    Returns:
        Scalar, in nats.
    """
    return softplus(-fake).mean()

"""Importance weights that are seen once, a chunk at a time: their mean, how even they are, and how heavy their tail."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from latentia.inference.pareto import USABLE, tail_length, tail_shape

_FEW = 0.05
"""A share of rows with heavy tails that leaves the mean over all rows of use."""


class RunningWeights:
    r"""Sums over K weights of each of B rows, in float64; of the weights themselves the largest are kept alone.

    Memory is that of one chunk and of the \(3 \sqrt K\) largest weights.

    Args:
        num_samples: K, of all chunks together.

    >>> seen = RunningWeights(4)
    >>> for chunk in torch.tensor([[1.0], [3.0], [4.0], [8.0]]).log().split(3):
    ...     seen.add(chunk)
    >>> [round(float(each), 3) for each in (seen.log_mean.exp(), seen.ess)]
    [4.0, 2.844]
    """

    def __init__(self, num_samples: int) -> None:
        self._total = num_samples
        self._kept = min(tail_length(num_samples) + 1, num_samples)
        self._log_sum = self._log_square = self._largest = torch.empty(0)

    def add(self, log_w: Tensor) -> None:
        """Take in some of the weights.

        Args:
            log_w: `[k, B]`, in nats.
        """
        log_w = log_w.double()
        log_sum, log_square = log_w.logsumexp(0).cpu(), (2 * log_w).logsumexp(0).cpu()
        largest = log_w.topk(min(self._kept, len(log_w)), dim=0).values.cpu()
        if self._log_sum.numel() == 0:
            self._log_sum, self._log_square, self._largest = log_sum, log_square, largest
            return
        self._log_sum = torch.logaddexp(self._log_sum, log_sum)
        self._log_square = torch.logaddexp(self._log_square, log_square)
        both = torch.cat([self._largest, largest])
        self._largest = both.topk(min(self._kept, len(both)), dim=0).values

    @property
    def log_mean(self) -> Tensor:
        r"""\(\log \frac1K \sum_k w_k\), `[B]`."""
        return self._log_sum - math.log(self._total)

    @property
    def ess(self) -> Tensor:
        r"""Effective samples, \((\sum_k w_k)^2 / \sum_k w_k^2\), `[B]`."""
        return (2 * self._log_sum - self._log_square).exp()

    @property
    def k_hat(self) -> Tensor:
        r"""\(\hat k\) of Pareto smoothing, `[B]`; inf where K is 20 or less, or a weight is not a number."""
        return tail_shape(self._largest.T, self._total)


def log_mean_error(ess: Tensor, num_samples: int) -> Tensor:
    r"""Standard error of the log of a mean weight, by the delta method: \(\sqrt{1/ESS - 1/K}\).

    Args:
        ess: Effective samples, `[...]`.
        num_samples: K.

    Returns:
        `[...]`, in nats; too small where the tail of the weights is heavy.
    """
    return (1 / ess - 1 / num_samples).clamp_min(0).sqrt()


def heavy_share(k_hat: Tensor) -> float | None:
    r"""The share of rows whose weights have too heavy a tail, \(\hat k > 0.7\), among those that can be judged.

    Args:
        k_hat: `[N]`; inf where there is no telling.

    Returns:
        Between 0 and 1, or None where no row can be judged.
    """
    known = k_hat[k_hat != math.inf]
    return float((known > USABLE).double().mean()) if len(known) else None


def weights_verdict(share: float | None) -> str:
    """When an importance estimate is not to be trusted, in words.

    Args:
        share: Of rows with a heavy tail.

    Returns:
        A sentence without its full stop.

    >>> weights_verdict(0.0)
    'the importance estimate can be trusted: no row has k-hat above 0.7'
    """
    if share is None:
        return "the importance estimate is not judged: take more than 20 samples (better 100 or more)"
    if share == 0:
        return f"the importance estimate can be trusted: no row has k-hat above {USABLE}"
    heavy = f"{share:.1%} of the rows have k-hat above {USABLE}"
    if share <= _FEW:
        return f"the importance estimate can be used: {heavy}, where -log p(x) comes out too high"
    return (
        f"take -log p(x) as a bound and not as a value: {heavy}, so it comes out too high and its error too small; "
        "take more samples, or hold it against annealed importance sampling"
    )

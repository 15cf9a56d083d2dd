"""How often each bin of each code meets each value of each factor, and what they tell of each other."""

from __future__ import annotations

import numpy as np

from latentia.evaluation.disentanglement.inputs import Numbers, Whole

_PORTION = 2**22
"""Entries counted at a time, so that memory does not grow with the rows."""


def contingency(bins: Whole, values: Whole) -> Whole:
    r"""Count \(n_{ijbc} = \#\{n : \text{code } i \text{ is in bin } b, \text{ factor } j \text{ has value } c\}\).

    Args:
        bins: `[N, d]`, from 0.
        values: `[N, F]`, from 0.

    Returns:
        `[d, F, B, C]`; every code and factor has as many columns as the largest.

    >>> contingency(np.array([[0], [1], [1]]), np.array([[0, 1], [1, 0], [1, 1]])).tolist()
    [[[[1, 0], [0, 2]], [[0, 1], [1, 1]]]]
    """
    shape = (bins.shape[1], values.shape[1], int(bins.max()) + 1, int(values.max()) + 1)
    pair = np.arange(shape[0])[:, None] * shape[1] + np.arange(shape[1])
    counts = np.zeros(int(np.prod(shape)), dtype=np.int64)
    step = max(1, _PORTION // pair.size)
    for start in range(0, len(bins), step):
        b, c = bins[start : start + step, :, None], values[start : start + step, None, :]
        counts += np.bincount((((pair * shape[2]) + b) * shape[3] + c).ravel(), minlength=len(counts))
    return counts.reshape(shape)


def entropy(counts: Whole, axis: int | tuple[int, ...] = -1) -> Numbers:
    r"""\(-\sum_c p_c \ln p_c\) of counts.

    Args:
        counts: Any shape; each distribution along `axis` has a positive sum.
        axis: What is summed over.

    Returns:
        The other dimensions, in nats.

    >>> float(entropy(np.array([2, 2, 0])))  # ln 2
    0.693
    """
    p = counts / counts.sum(axis, keepdims=True)
    return np.asarray(-(p * np.log(np.where(p > 0, p, 1.0))).sum(axis))


def factor_entropy(table: Whole) -> Numbers:
    """Entropies of the factors in a table of `contingency`.

    Args:
        table: `[d, F, B, C]`.

    Returns:
        `[F]`, in nats.
    """
    return entropy(table[0].sum(1))


def mutual_information(table: Whole) -> Numbers:
    r"""\(I(z_i; v_j) = H(z_i) + H(v_j) - H(z_i, v_j)\) of every pair, for the frequencies as they are.

    Independent codes show about (B - 1)(C - 1) / 2N nats by chance.

    Args:
        table: `[d, F, B, C]` of `contingency`.

    Returns:
        `[d, F]`, in nats, not negative.
    """
    marginal = entropy(table.sum(3)) + entropy(table.sum(2))
    return np.maximum(marginal - entropy(table, (2, 3)), 0.0)

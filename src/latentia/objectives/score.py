r"""The score function: what multiplies \(\nabla_\phi \log q(z_k|x)\), and what is subtracted from it."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from latentia.bounds import in_groups
from latentia.distributions import at_least_float32
from latentia.names import EstimatorName
from latentia.nets import MLP
from latentia.objectives.weighting import Weighting


def learning_signals(
    estimator: EstimatorName, weighting: Weighting, log_w: Tensor, log_r: Tensor, baseline: Tensor | None = None
) -> Tensor:
    r"""For each sample a number a_k such that \(\sum_k a_k \nabla_\phi \log q(z_k|x)\) estimates the bound's gradient.

    All are the bound less something that does not depend on z_k. A bound that is a sum over samples (the ELBO) counts
    for each only its own term.

    Args:
        estimator: `score` subtracts nothing; `score_learned` a prediction from x; `score_loo` the bound of the other
            samples; `vimco` the bound with w_k replaced by the geometric mean of the others.
        weighting: The bound.
        log_w: Log-weights, `[M * K, B]`.
        log_r: Log-shares, `[M * K, B]`.
        baseline: `[B]`, for `score_learned`.

    Returns:
        `[M * K, B]`, without gradient.

    References:
        Williams, Simple statistical gradient-following algorithms, 1992, doi:10.1007/BF00992696; Kool, van Hoof,
        Welling, Buy 4 REINFORCE samples, get a baseline for free!, 2019; Mnih, Rezende, Variational inference for
        Monte Carlo objectives, 2016, arXiv:1602.06725.
    """
    w, r, mass = in_groups(log_w.detach(), log_r, weighting.groups)
    if estimator in ("score", "score_learned"):
        level = torch.zeros_like(w[0, 0]) if baseline is None else baseline
        signal = r.exp() * (w - level) if weighting.linear else (weighting.within(w, r) - level).expand(w.shape)
    else:
        itself = torch.eye(len(w), dtype=torch.bool, device=w.device)[:, :, None, None]
        # [K, K, M, B]: the samples, without each of them in turn.
        others = torch.where(itself, -torch.inf, r[:, None])
        others = others - others.logsumexp(0)
        if estimator == "score_loo":
            without = weighting.within(w[:, None].expand(others.shape), others)
        else:
            geometric = (others.exp() * w[:, None]).sum(0)
            without = weighting.within(torch.where(itself, geometric, w[:, None]), r[:, None].expand(others.shape))
        signal = weighting.within(w, r) - without
    return (mass * signal).transpose(0, 1).flatten(0, 1)


class Baseline(nn.Module):
    """A network's prediction of the learning signal from x, up to a constant: the second player of `score_learned`.

    It lives in the dtype it was made in, whatever that of the model.

    Args:
        shape: Shape of one x.
        hidden: Width of its hidden layer.

    References:
        Mnih, Gregor, Neural variational inference and learning in belief networks, 2014, arXiv:1402.0030.
    """

    def __init__(self, shape: tuple[int, ...], hidden: int = 100) -> None:
        super().__init__()
        self.net = MLP(shape, (1,), (hidden,), nonlinearity="tanh")

    def forward(self, x: Tensor) -> Tensor:
        """`[B, *shape]` to `[B]`."""
        like = next(self.net.parameters())
        return at_least_float32(cast(Tensor, self.net(x.to(like.dtype)))[..., 0])

    def level(self, x: Tensor, signal: Tensor) -> Tensor:
        """What is subtracted from the signal: the prediction, moved by the mean error over the *other* rows.

        The other rows say nothing about this row's z, so the estimate stays unbiased, and no running mean is needed.

        Args:
            x: `[B, *shape]`.
            signal: `[B]`.

        Returns:
            `[B]`, without gradient.
        """
        prediction = self.forward(x).detach().to(signal.dtype)
        if len(signal) == 1:
            return prediction
        error = signal.detach() - prediction
        return prediction + (error.sum() - error) / (len(error) - 1)

    def loss(self, x: Tensor, signal: Tensor) -> Tensor:
        """What it minimises: the variance over rows that it leaves, `[B]` each, or the squared error of a lone row."""
        error = signal.detach() - self.forward(x)
        return (error - error.mean()).square() if len(error) > 1 else error.square()

"""Estimators of the ELBO's gradient with respect to a guide."""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor
from torch.func import functional_call

from latentia.errors import ConfigurationError
from latentia.inference.sgvb.guides import Guide
from latentia.inference.sgvb.targets import Density

GradientName = Literal["pathwise", "stl", "score", "score_loo"]
"""How the gradient is estimated."""


class Gradient:
    r"""A loss whose gradient estimates that of \(-E_q[\log p(\theta, D) - \log q(\theta)]\).

    - `pathwise`: differentiates through \(\theta = f(\epsilon)\); the entropy of a Gaussian guide in closed form.
    - `stl` (sticking the landing): the same, with the parameters of log q held fixed, whose score has mean zero; its
      variance vanishes where q is the posterior.
    - `score_loo`: \(\frac1K \sum_k (f_k - b_k) \nabla \log q(\theta_k)\) with \(f = \log p - \log q\) and \(b_k\) the
      mean of the others; for a log-joint that is not differentiable.
    - `score`: the same with a moving average of earlier steps for b, for K = 1.

    Args:
        name: Which one.
        num_samples: K.

    Raises:
        ConfigurationError: No such estimator, or too few samples for it.

    References:
        Kingma, Welling, 2014, arXiv:1312.6114; Roeder, Wu, Duvenaud, Sticking the landing, 2017, arXiv:1703.09194;
        Ranganath, Gerrish, Blei, Black box variational inference, 2014, arXiv:1401.0118; Kool, van Hoof, Welling, 2019
        (the leave-one-out baseline).
    """

    MEMORY = 0.9

    def __init__(self, name: str, num_samples: int) -> None:
        if name not in get_args(GradientName):
            raise ConfigurationError(f"there is no estimator {name!r}; there are {', '.join(get_args(GradientName))}")
        least = 2 if name == "score_loo" else 1
        if num_samples < least:
            raise ConfigurationError(
                f"num_samples is {num_samples}; {name} takes {least} or more" + (", or choose score" * (least == 2))
            )
        self.name, self.num_samples = name, num_samples
        self._level: Tensor | None = None

    def __call__(self, guide: Guide, density: Density, noise: Tensor) -> tuple[Tensor, Tensor]:
        """One estimate.

        Args:
            guide: q.
            density: log p(theta, D), or an estimate of it.
            noise: Standard normal, `[K, D]`.

        Returns:
            The loss, a number to differentiate, and log p - log q of each sample, `[K]`, without a gradient.
        """
        if self.name in ("score", "score_loo"):
            return self._score(guide, density, noise)
        theta, log_q = guide.push(noise)
        log_p = density(theta)
        log_w = (log_p - log_q).detach()
        if self.name == "stl":
            fixed = {name: each.detach() for name, each in guide.named_parameters()}
            return (functional_call(guide, fixed, ()).log_prob(theta) - log_p).mean(), log_w
        if guide.gaussian:
            # log q + u^2 / 2 is the same for every draw, so the entropy needs no average over them.
            log_q = log_q + 0.5 * (noise.square().sum(-1) - guide.size)
        return (log_q - log_p).mean(), log_w

    def _score(self, guide: Guide, density: Density, noise: Tensor) -> tuple[Tensor, Tensor]:
        with torch.no_grad():
            theta, log_q = guide.push(noise)
            log_w = density(theta) - log_q
            baseline: Tensor | float
            if self.name == "score_loo":
                baseline = (log_w.sum() - log_w) / (len(log_w) - 1)
            else:
                mean = log_w.mean()
                baseline = mean.new_zeros(()) if self._level is None else self._level
                self._level = mean if self._level is None else self.MEMORY * self._level + (1 - self.MEMORY) * mean
        return -((log_w - baseline) * guide().log_prob(theta)).mean(), log_w

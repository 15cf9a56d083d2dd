"""A moving average of the weights (Polyak and Juditsky, 1992), which often generalises better than the last ones."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


class Average:
    r"""An exponential moving average of parameters.

    \( \bar\theta_t = d_t \bar\theta_{t-1} + (1 - d_t) \theta_t \) with \( d_t = \min(d, (1 + t) / (10 + t)) \),
    t = 1, 2, ...: short runs are not dominated by the initial weights.

    Args:
        decay: d, in (0, 1).
        parameters: What is averaged, by name; the average starts from their present values.
    """

    def __init__(self, decay: float, parameters: Mapping[str, nn.Parameter]) -> None:
        self.decay = decay
        self.values: dict[str, Tensor] = {name: p.detach().clone() for name, p in parameters.items()}
        self._averages = list(self.values.values())
        self._parameters = list(parameters.values())

    def update(self, step: int) -> None:
        """Takes in the parameters after optimiser step `step`, counted from 1."""
        decay = min(self.decay, (1 + step) / (10 + step))
        get_ema_multi_avg_fn(decay)(self._averages, self._parameters, step)

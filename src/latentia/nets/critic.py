"""A critic: a network that tells two kinds of examples apart."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import linear

from latentia.distributions import at_least_float32


class Critic(nn.Module):
    r"""Features, and one log-odds from them: \(\log D(x) - \log(1 - D(x))\).

    Args:
        features: Maps `[*lead, *event]` to `[*lead, F]`.
        width: F.

    Shapes:
        `[*lead, *event]` to `[*lead]`; whatever comes in is brought to the precision of the weights.

    >>> import torch
    >>> Critic(nn.Linear(3, 5), 5)(torch.zeros(2, 4, 3)).shape
    torch.Size([2, 4])
    """

    def __init__(self, features: nn.Module, width: int) -> None:
        super().__init__()
        self.features, self.odds = features, nn.Linear(width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """The log-odds of each example."""
        odds = cast(Tensor, self.odds(self.features(x.to(self.odds.weight.dtype))))
        return at_least_float32(odds).squeeze(-1)

    def held(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Features and log-odds whose gradients reach x alone: the critic is held as it is.

        Args:
            x: `[*lead, *event]`.

        Returns:
            `[*lead, F]` and `[*lead]`.
        """
        weights = {name: parameter.detach() for name, parameter in self.features.named_parameters()}
        features = cast(Tensor, functional_call(self.features, weights, (x.to(self.odds.weight.dtype),)))
        odds = linear(features, self.odds.weight.detach(), self.odds.bias.detach())
        return at_least_float32(features), at_least_float32(odds).squeeze(-1)

"""What stands before an encoder of counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, normalize


class UnitRows(nn.Module):
    """Rows scaled to Euclidean length one, with entries dropped out in training.

    Args:
        rate: The share of entries that training sets to zero (the others grow in proportion).

    References:
        Liang, Krishnan, Hoffman, Jebara, Variational autoencoders for collaborative filtering, 2018, arXiv:1802.05814.

    >>> UnitRows(0.0)(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
    tensor([[0.6000, 0.8000],
            [0.0000, 0.0000]])
    """

    exempt: ClassVar[Mapping[str, str]] = {
        "rows_do_not_influence_one_another": "dropout draws noise for every row in training mode",
    }

    def __init__(self, rate: float = 0.5) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """Map `[B, D]` to `[B, D]`."""
        return dropout(normalize(x, dim=-1), self.rate, self.training)

    def extra_repr(self) -> str:
        """What `print` shows."""
        return f"rate={self.rate:g}"


class TopicMixture(nn.Module):
    r"""From z to the logits of words, \(T B\,\mathrm{softmax}(z) + b\): a product of experts, one a topic.

    The shares of T topics are about 1/T, so that without the factor T the words would hardly hear of z: nothing would
    be lost by giving z up, and training would do so before the topics differ. The paper has batch normalisation in this
    place, which would tie the rows of a batch together.

    Args:
        topics: Number of topics T.
        words: Size of the vocabulary D.

    Shapes:
        `[*lead, T]` to `[*lead, D]`.

    References:
        Srivastava, Sutton, Autoencoding variational inference for topic models, 2017, arXiv:1703.01488.
    """

    START = 0.1

    def __init__(self, topics: int, words: int) -> None:
        super().__init__()
        self.topics = nn.Parameter(torch.empty(words, topics))
        self.background = nn.Parameter(torch.zeros(words))
        nn.init.normal_(self.topics, std=self.START)

    def forward(self, z: Tensor) -> Tensor:
        """The logits, beside whatever background the head adds."""
        return torch.softmax(z, -1) @ (self.topics.shape[1] * self.topics).T + self.background

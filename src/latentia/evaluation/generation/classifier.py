"""Features of a small classifier, trained here in seconds on the labels of the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from latentia.data.source import permutation
from latentia.data_model import seeded
from latentia.errors import ConfigurationError, DataError
from latentia.evaluation.generation.features import FeatureMap
from latentia.nets import MLP, ConvEncoder

_BATCH = 128
_RATE = 2e-3
_STANDARD = 10_000
"""Rows that features are standardised over, at most."""


@dataclass(frozen=True, slots=True)
class Classifier:
    """The features of a trained classifier, and how good it is.

    Attributes:
        features: Its last hidden layer, centred, and scaled by one number to a mean variance of 1 over the rows that
            it learnt from.
        accuracy: Share of the tenth of the rows that were kept from it which it labels rightly.
        chance: Share of these that the commonest label would label rightly.
        network: Hidden layers and the last linear one, of rows in the data's units.
    """

    features: FeatureMap
    accuracy: float
    chance: float
    network: nn.Sequential

    @property
    def name(self) -> str:
        """What figures measured in it are labelled with."""
        return self.features.name

    def __call__(self, x: Tensor, /) -> Tensor:
        """`[N, *shape]` to `[N, F]`."""
        return self.features(x)


class _Standardised(nn.Module):
    """(x - mean) / std: one mean a channel of pictures, one a column; and so the std, where none is given."""

    def __init__(self, x: Tensor, std: Tensor | None = None) -> None:
        super().__init__()
        axes = [axis for axis in range(x.dim()) if axis != 1]
        mean = x.mean(axes, keepdim=True)
        std = x.std(axes, correction=0, keepdim=True) if std is None else std
        self.register_buffer("mean", mean)
        self.register_buffer("std", torch.where(std > 0, std, torch.ones_like(std)))
        self.mean: Tensor
        self.std: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """Any dtype to float32."""
        return ((x.double() - self.mean) / self.std).float()


def classifier(x: Any, y: Any, *, features: int = 64, steps: int = 1000, seed: int = 0) -> Classifier:
    """Train a classifier and take its last hidden layer as features.

    Features that tell classes apart see what pixels do not, but only what the labels ask for. Pictures go through the
    library's residual convolutions, columns through two hidden layers; Adam on batches of 128 rows.

    Args:
        x: Rows in the data's units, `[N, C, H, W]` or `[N, D]`; at least ten.
        y: Labels, `[N]` whole numbers from 0.
        features: F.
        steps: Batches.
        seed: Of the weights, the order and the tenth of the rows that is kept out.

    Returns:
        The features, with the accuracy on the rows that were kept out. Take no note of them where that is near chance.

    Raises:
        DataError: Shapes that do not fit, too few rows, or a single class.
        ConfigurationError: No step, or no feature.
    """
    rows, labels = torch.as_tensor(x).detach().cpu(), torch.as_tensor(y).detach().cpu().long()
    if rows.dim() not in (2, 4) or labels.shape != rows.shape[:1] or len(rows) < 10:
        raise DataError(
            f"rows of shape {tuple(rows.shape)} and labels of shape {tuple(labels.shape)}; give (N, C, H, W) or (N, D) "
            "and (N,), at least ten rows"
        )
    if len(labels.unique()) < 2 or int(labels.min()) < 0:
        raise DataError(f"labels from {int(labels.min())} to {int(labels.max())}; give two classes or more, from 0")
    if steps < 1 or features < 1:
        raise ConfigurationError(f"{steps} steps and {features} features; give at least 1 of each")
    order = permutation(len(rows), seed, "classifier", "kept out")
    kept, learnt = order[: len(rows) // 10], order[len(rows) // 10 :]
    # The caller may measure without gradients; training needs them.
    with torch.enable_grad(), seeded(seed, torch.device("cpu")):
        network = _network(rows, int(labels.max()) + 1, features)
        _train(network, rows[learnt], labels[learnt], steps, seed)
    network.eval().requires_grad_(False)
    guess = FeatureMap("classes", network)(rows[kept]).argmax(1)
    hidden = network[:-1]
    # By one number, because a unit that hardly ever fires would be magnified by its own.
    seen = FeatureMap("hidden", hidden)(rows[learnt[:_STANDARD]]).double()
    scaled = nn.Sequential(hidden, _Standardised(seen, seen.var(0).mean().sqrt()))
    return Classifier(
        FeatureMap("classifier", scaled),
        float((guess == labels[kept]).double().mean()),
        float((labels[kept] == labels[learnt].mode().values).double().mean()),
        network,
    )


def _network(x: Tensor, classes: int, features: int) -> nn.Sequential:
    hidden: nn.Module
    if x.dim() == 4:
        hidden = ConvEncoder(tuple(x.shape[1:]), features, width=16)
    else:
        hidden = MLP(tuple(x.shape[1:]), (features,), (128,), norm=True, final=True)
    return nn.Sequential(_Standardised(x.double()), hidden, nn.Linear(features, classes))


def _train(network: nn.Sequential, x: Tensor, y: Tensor, steps: int, seed: int) -> None:
    optimizer = torch.optim.Adam(network.parameters(), lr=_RATE)
    each = -(-len(x) // _BATCH)
    order = torch.arange(len(x))
    for step in range(steps):
        if step % each == 0:
            order = permutation(len(x), seed, "classifier", step // each)
        chosen = order[step % each * _BATCH :][:_BATCH]
        optimizer.zero_grad()
        loss = cross_entropy(network(x[chosen]), y[chosen])
        torch.autograd.backward(loss)
        optimizer.step()

"""The exact linear-Gaussian model in the units of data: everything about it is known."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from latentia.data.preparation import Preparation
from latentia.data_model import DataModel
from tests.exact.linear_gaussian import ExactPosterior, LinearGaussian
from tests.ledger import spec


class Shifted(Preparation):
    """raw = 3 x + 10, in float64 throughout."""

    def expected(self, raw: Tensor) -> Tensor:
        return (raw - 10.0) / 3.0

    def forward(self, raw: Tensor) -> Tensor:
        return self.expected(raw)


def data_model(model: LinearGaussian, posterior: nn.Module | None = None) -> DataModel:
    """The model over raw = 3 x + 10.

    Args:
        model: The linear-Gaussian model.
        posterior: q(z|x); by default the exact one.

    Returns:
        The model in the data's units.
    """
    dims = len(model.mean)
    data = replace(spec((dims,), "real"), mean=(10.0,) * dims, std=(3.0,) * dims, dtype="float64")
    return DataModel(model.vae(posterior or ExactPosterior(model)), data, Shifted(data, "real"))


def raw(x: Tensor) -> Tensor:
    """Rows of the model in the data's units."""
    return 3 * x + 10


def draws(model: LinearGaussian, num: int, seed: int) -> Tensor:
    """Rows of the model, in the data's units."""
    return raw(model.sample(num, seed)).to(torch.float64)

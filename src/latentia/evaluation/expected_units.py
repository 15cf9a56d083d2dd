r"""How many latent dimensions the data pay for: PCA's answer, \(\#\{\lambda_i > \beta \sigma^2\}\), as a yardstick."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from latentia.data.source import Source
from latentia.data_model import DataModel, evaluating
from latentia.distributions import additive_noise, factor_means
from latentia.errors import ConfigurationError
from latentia.evaluation.blocks import READ, some_rows
from latentia.inference.linear_gaussian import active_dimensions

NoiseFrom = Literal["given", "probabilistic PCA", "the likelihood", "the reconstruction error"]
_ROWS, _WIDE = 10_000, 2_000
"""Rows that the spectrum rests on, and how many where the data are wider than that."""


@dataclass(frozen=True, slots=True)
class ExpectedUnits:
    """PCA's answer.

    Attributes:
        count: How many dimensions a linear beta-VAE of the same noise keeps at its optimum, at most those there are.
        variance: sigma^2 of the noise, in squared units of what the likelihood scores.
        noise_from: Where that comes from.
        beta: Weight of the KL.
        num_rows: Rows behind the spectrum.
    """

    count: int
    variance: float
    noise_from: NoiseFrom
    beta: float
    num_rows: int


def spectrum(x: Tensor) -> Tensor:
    """Eigenvalues of the covariance over N, the greatest first, from the smaller of the two Gram matrices.

    Args:
        x: `[N, D]`.

    Returns:
        `[D]` float64, zeros where N is smaller than D.

    >>> spectrum(torch.tensor([[2.0, 0.0, 0.0], [-2.0, 0.0, 0.0]]))
    tensor([4., 0., 0.], dtype=torch.float64)
    """
    centred = x.double() - x.double().mean(0)
    gram = centred @ centred.mT if len(x) < x.shape[1] else centred.mT @ centred
    values = torch.linalg.eigvalsh(gram).flip(0).clamp_min(0) / len(x)
    return torch.nn.functional.pad(values, (0, x.shape[1] - len(values)))


def expected_before(
    model: DataModel, source: Source, *, beta: float = 1.0, variance: float | None = None
) -> ExpectedUnits | None:
    """What to expect before training: the model gives its preparation and its number of latent dimensions alone.

    Args:
        model: Untrained or trained, which makes no difference.
        source: The training rows.
        beta: Weight of the KL.
        variance: sigma^2 of the decoder, where it is fixed; by default the noise of probabilistic PCA with as many
            dimensions, which is what a learned one starts to tend to.

    Returns:
        The expectation, or None for data with gaps, categories or counts, whose covariance says little.

    Raises:
        ConfigurationError: A beta or a variance that is not positive.

    References:
        Lucas, Tucker, Grosse, Norouzi, 2019, arXiv:1911.02469.
    """
    rows = _rows(model, source)
    if rows is None:
        return None
    values, size = spectrum(rows), model.latent_dim
    if variance is not None:
        return _counted(values, variance, "given", beta, size, len(rows))
    rest = values[size:]
    noise = float(rest.mean()) if len(rest) else 0.0
    return _counted(values, noise, "probabilistic PCA", beta, size, len(rows))


def expected_after(model: DataModel, source: Source, *, beta: float = 1.0) -> ExpectedUnits | None:
    """What to expect of a trained model: the same with the noise that it has come to.

    That is the likelihood's own where it is noise around a mean, else the mean squared error of the reconstruction (so
    for probabilities the yardstick is a linear model with Gaussian noise of that size).

    Args:
        model: Trained.
        source: Rows to measure on.
        beta: Weight of the KL that it was trained with.

    Returns:
        The expectation, or None as in `expected_before`.

    Raises:
        ConfigurationError: A beta that is not positive.
    """
    rows = _rows(model, source)
    if rows is None:
        return None
    errors, noises = [], []
    with torch.no_grad(), evaluating(model):
        for x in rows.split(READ):
            batch = x.reshape(-1, *model.spec.shape).to(model.device)
            px = model.vae.trace(batch, pick=factor_means).px
            errors.append((px.mean[0] - batch).double().square().mean())
            noise = additive_noise(px)
            if noise is not None:
                noises.append(noise.variance[0].double().mean())
    found = noises or errors
    variance = float(torch.stack(found).mean())
    where: NoiseFrom = "the likelihood" if noises else "the reconstruction error"
    return _counted(spectrum(rows), variance, where, beta, model.latent_dim, len(rows))


def _rows(model: DataModel, source: Source) -> Tensor | None:
    if model.spec.missing > 0 or model.spec.columns is not None or model.preparation.space in ("counts", "mixed"):
        return None
    width = model.spec.num_dims
    x = some_rows(source, _ROWS if width <= _WIDE else _WIDE).x
    with torch.no_grad():
        return torch.cat([model.preparation.expected(part.to(model.device)).flatten(1).cpu() for part in x.split(READ)])


def _counted(
    values: Tensor, variance: float, noise_from: NoiseFrom, beta: float, size: int, rows: int
) -> ExpectedUnits:
    if not beta > 0:
        raise ConfigurationError(f"beta is {beta:g}; the weight of the KL is above 0")
    # Without noise (fewer rows than dimensions, or an exact fit) every direction that varies pays.
    least = 1e-12 * float(values.sum())
    count = active_dimensions(values, beta, max(variance, least)) if least > 0 else 0
    return ExpectedUnits(min(count, size), variance, noise_from, beta, rows)

"""How noisy an objective's gradient is: the signal-to-noise ratio of every parameter, encoder and decoder apart."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.overrides import TorchFunctionMode

from latentia.data_model import seeded
from latentia.errors import ConfigurationError
from latentia.latents import LatentGroup
from latentia.model import VAE
from latentia.objectives import Objective, Step, require


@dataclass(frozen=True, slots=True, kw_only=True)
class GradientNoise:
    r"""Signal-to-noise ratios |mean| / standard deviation over repeated draws, for fixed rows.

    Attributes:
        encoder: Mean over rows and over all numbers in the encoder and the posterior whose gradient varies.
        decoder: The same for the likelihood and the prior.
        by_parameter: For each parameter the ratio of its every number, the mean over rows; NaN where nothing varies.
        draws: R, how many gradients each ratio is from.
        vectorised: Whether torch.func ran them side by side; families whose sampler it cannot batch go one by one.
    """

    encoder: float
    decoder: float
    by_parameter: Mapping[str, Tensor]
    draws: int
    vectorised: bool

    @property
    def floor(self) -> float:
        r"""What pure noise would measure, \(\sqrt{2 / (\pi R)}\): ratios near it say only that there is no more."""
        return math.sqrt(2 / (math.pi * self.draws))


def gradient_noise(
    model: VAE, objective: Objective, x: Tensor, *, draws: int = 1000, chunk: int = 100, seed: int = 0
) -> GradientNoise:
    """Measure the noise that sampling z puts into the gradient of each row's loss.

    Args:
        model: The model, at the weights of interest.
        objective: What is minimised, with its estimator.
        x: The rows, `[N, *shape]`, in the likelihood's units.
        draws: R, gradients of each row.
        chunk: Gradients in memory at a time.
        seed: Of the noise.

    Returns:
        The ratios.

    Raises:
        ConfigurationError: Fewer than two draws, or no row.
        CompatibilityError: The objective does not fit the model.

    References:
        Rainforth, Kosiorek, Le, Maddison, Igl, Wood, Teh, Tighter variational bounds are not necessarily better, 2018,
        arXiv:1802.04537.
    """
    if draws < 2 or len(x) == 0:
        raise ConfigurationError(
            f"{draws} draws of {len(x)} rows: a standard deviation takes 2 draws, and there is at least one row"
        )
    require(model, objective)
    gradients = _Gradients(model, objective)
    ratios: list[dict[str, Tensor]] = []
    with seeded(seed, x.device):
        for row in x:
            sizes = [min(chunk, draws - start) for start in range(0, draws, chunk)]
            ratios.append(_ratios(gradients.of(row[None], sizes), draws))
    by_parameter = {name: torch.stack([each[name] for each in ratios]).nanmean(0) for name in ratios[0]}
    encoder = _names_of_encoder(model)
    return GradientNoise(
        encoder=_mean(ratio for each in ratios for name, ratio in each.items() if name in encoder),
        decoder=_mean(ratio for each in ratios for name, ratio in each.items() if name not in encoder),
        by_parameter=by_parameter,
        draws=draws,
        vectorised=gradients.vectorised,
    )


def _ratios(batches: Iterator[Mapping[str, Tensor]], draws: int) -> dict[str, Tensor]:
    first: dict[str, Tensor] = {}
    second: dict[str, Tensor] = {}
    for batch in batches:
        for name, values in batch.items():
            exact = values.double()
            first[name] = first.get(name, 0.0) + exact.sum(0)
            second[name] = second.get(name, 0.0) + exact.square().sum(0)
    ratios = {}
    for name, total in first.items():
        mean = total / draws
        variance = (second[name] / draws - mean.square()) * (draws / (draws - 1))
        # What rounding leaves of a gradient that never changes is no variance.
        varies = variance > 1e-20 * second[name] / draws
        ratios[name] = torch.where(varies, mean.abs() / variance.clamp_min(0).sqrt(), torch.nan)
    return ratios


def _mean(ratios: Iterator[Tensor]) -> float:
    return float(torch.cat([ratio.flatten() for ratio in ratios]).nanmean())


def _names_of_encoder(model: VAE) -> frozenset[str]:
    inferring = [model.encoder, *(group.q for group in model.latents.groups if isinstance(group, LatentGroup))]
    known = {id(parameter) for module in inferring for parameter in module.parameters()}
    return frozenset(name for name, parameter in model.named_parameters() if id(parameter) in known)


class _LossOf(nn.Module):
    """An objective's loss as the output of a module, so that torch's functional call can reach the parameters."""

    def __init__(self, model: VAE, objective: Objective) -> None:
        super().__init__()
        self.model, self.objective = model, objective

    def forward(self, x: Tensor) -> Tensor:
        return self.objective(self.model, x, Step()).loss


class _Gradients:
    """Repeated gradients of one row's loss: side by side where torch.func can, else one by one."""

    def __init__(self, model: VAE, objective: Objective) -> None:
        self.vectorised = True
        self._parameters = dict(model.named_parameters())
        module = _LossOf(model, objective)

        def loss(parameters: dict[str, Tensor], x: Tensor) -> Tensor:
            return cast(Tensor, functional_call(module, parameters, (x,)))

        self._loss = module
        held = {f"model.{name}": parameter.detach() for name, parameter in self._parameters.items()}
        side_by_side = vmap(grad(loss), in_dims=(None, 0), randomness="different")
        self._batched: Callable[[Tensor], dict[str, Tensor]] = lambda x: side_by_side(held, x)

    def of(self, x: Tensor, sizes: Sequence[int]) -> Iterator[Mapping[str, Tensor]]:
        """Gradients `[size, *parameter]` by name, for x `[1, *shape]`."""
        for size in sizes:
            if self.vectorised:
                try:
                    with _FreshNoise(), warnings.catch_warnings():
                        # That an operation is batched by a loop of torch's own is no news to who asked for this.
                        warnings.filterwarnings("ignore", "There is a performance drop")
                        batch = self._batched(x.expand(size, *x.shape))
                except RuntimeError:
                    # The family samples in a way that cannot be batched (or needs a branch on values).
                    self.vectorised = False
                else:
                    yield {name.removeprefix("model."): values for name, values in batch.items()}
                    continue
            yield self._one_by_one(x, size)

    def _one_by_one(self, x: Tensor, size: int) -> Mapping[str, Tensor]:
        parameters = list(self._parameters.values())
        each = [
            torch.autograd.grad(self._loss(x), parameters, allow_unused=True, materialize_grads=True)
            for _ in range(size)
        ]
        return {
            name: torch.stack(values) for name, values in zip(self._parameters, zip(*each, strict=True), strict=True)
        }


class _FreshNoise(TorchFunctionMode):
    """torch.distributions fill empty tensors with noise in place, which vmap cannot do differently for each copy.

    Within this mode the filled tensor is a new one.
    """

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        options = kwargs or {}
        if function is torch.Tensor.normal_ and len(args) == 1 and not options:
            (empty,) = args
            return torch.randn(empty.shape, dtype=empty.dtype, device=empty.device)
        if function is torch.Tensor.uniform_ and len(args) == 3 and not options:
            empty, low, high = args
            return low + (high - low) * torch.rand(empty.shape, dtype=empty.dtype, device=empty.device)
        return function(*args, **options)

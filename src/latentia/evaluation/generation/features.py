"""Feature vectors in which samples and data are compared: of pixels, of an encoder, of a classifier, of any network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from latentia.data.preparation import Preparation
from latentia.data.spec import DataSpec
from latentia.data_model import BLOCK, DataModel, evaluating
from latentia.errors import CompatibilityError, ConfigurationError, DataError
from latentia.names import Space
from latentia.nets.inputs import TableInputs


@runtime_checkable
class Features(Protocol):
    """A map from rows in the data's units to feature vectors, the same at every call."""

    @property
    def name(self) -> str:
        """What figures measured in it are labelled with."""
        ...

    def __call__(self, x: Tensor, /) -> Tensor:
        """`[N, *shape]` to `[N, F]`."""
        ...


@dataclass(frozen=True, slots=True)
class FeatureMap:
    """A function of a block of rows, applied to all of them without gradients.

    Attributes:
        name: What figures measured in it are labelled with.
        function: `[n, *shape]` to `[n, ...]`; what it returns is flattened.
    """

    name: str
    function: Callable[[Tensor], Tensor]

    def __call__(self, x: Tensor, /) -> Tensor:
        """`[N, *shape]` to `[N, F]`, on the CPU."""
        with torch.no_grad():
            found = [self._checked(self.function(block), len(block)) for block in x.split(BLOCK)]
        return torch.cat(found)

    def _checked(self, out: Any, rows: int) -> Tensor:
        if not isinstance(out, Tensor) or out.dim() == 0 or len(out) != rows:
            shape = tuple(out.shape) if isinstance(out, Tensor) else type(out).__name__
            raise DataError(f"the features {self.name!r} of {rows} rows are {shape}; a tensor [{rows}, F] is expected")
        return out.detach().flatten(1).cpu()


def pixels(spec: DataSpec) -> FeatureMap:
    """The values themselves on a common scale: neutral between models, blind to what pictures show.

    Pixels and other values of a known range over that range's unit; real columns standardised by the training rows;
    counts as their logarithm; columns of a mixed table standardised, categories one-hot.

    Args:
        spec: The data.

    Returns:
        The map; it refuses rows with missing cells.
    """
    spaces: dict[str, Space] = {"real": "real", "counts": "counts", "mixed": "mixed"}
    prepared = Preparation(spec, spaces.get(spec.support, "unit"))
    table = None if spec.columns is None else TableInputs(spec.columns, missing=False)

    def values(x: Tensor) -> Tensor:
        if x.is_floating_point() and bool(x.isnan().any()):
            row = int(x.isnan().flatten(1).any(1).nonzero()[0])
            raise DataError(
                f"a row (the {row + 1}. of a block) has missing cells, and no distance is defined to it: use the "
                "features of an encoder, which reads them, or keep the complete rows"
            )
        out = prepared.expected(x.cpu())
        if spec.support == "counts":
            out = torch.log1p(out)
        return out if table is None else table(out)

    return FeatureMap("pixels" if spec.kind == "image" else "columns", values)


def encoder_of(model: DataModel, name: str = "encoder") -> FeatureMap:
    """The posterior means of a model: its own, or those of another model of the same data.

    A model's own encoder knows only what that model has learnt; to compare models, take one encoder for all.

    Args:
        model: A trained model.
        name: What figures are labelled with.

    Returns:
        The map.
    """
    return FeatureMap(name, model.encode)


def module_features(module: nn.Module | Callable[[Tensor], Tensor], name: str | None = None) -> FeatureMap:
    """Any network, or any function of a batch: such as an Inception network that you have.

    Args:
        module: Rows `[n, *shape]` in the data's units to `[n, ...]`; whatever scaling and resizing it needs is its own.
        name: What figures are labelled with; by default the name of its class.

    Returns:
        The map; a module runs in evaluation mode, on the device of its parameters.
    """
    if not isinstance(module, nn.Module):
        return FeatureMap(name or str(getattr(module, "__name__", type(module).__name__)), module)
    first = next(module.parameters(), None)

    def run(x: Tensor) -> Tensor:
        with evaluating(module):
            out: Tensor = module(x if first is None else x.to(first.device))
        return out

    return FeatureMap(name or type(module).__name__, run)


def as_features(given: Any, model: DataModel) -> Features:
    """Features by name, or anything that can serve as them.

    Args:
        given: `pixels`, `encoder` (the model's own), another `DataModel` (its encoder), a `Features`, a module, or a
            function.
        model: The model that is measured.

    Returns:
        The features.

    Raises:
        ConfigurationError: None of these.
        CompatibilityError: An encoder of other data.
    """
    if isinstance(given, str):
        if given not in ("pixels", "encoder"):
            raise ConfigurationError(
                f"there are no features {given!r}; give pixels, encoder, another model, the result of classifier(), "
                "or any module or function of a batch"
            )
        return pixels(model.spec) if given == "pixels" else encoder_of(model)
    if isinstance(given, DataModel):
        if given.spec.shape != model.spec.shape or given.spec.unit != model.spec.unit:
            raise CompatibilityError(
                f"the encoder reads {given.spec.name!r}, rows of shape {given.spec.shape}, and the samples are of "
                f"{model.spec.name!r}, shape {model.spec.shape}; give a model of the same data"
            )
        return encoder_of(given, f"encoder of another model of {given.spec.name}")
    if isinstance(given, nn.Module):
        return module_features(given)
    if isinstance(given, Features):
        return given
    if callable(given):
        return module_features(given)
    raise ConfigurationError(f"features are {type(given).__name__}; give a name, a model, a module or a function")

"""What is approximated: a log-joint over constrained parameters, whole or by mini-batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any, Protocol

import torch
from torch import Tensor

from latentia.errors import CompatibilityError, ConfigurationError, DataError, NonFiniteError
from latentia.inference.parameters import Parameters, Unchecked, Values

Density = Callable[[Tensor], Tensor]
"""From unconstrained vectors `[K, D]` to log-densities `[K]`, the log-determinant included, in nats."""
Rows = Tensor | Sequence[Tensor] | Mapping[str, Tensor]
"""Data whose tensors all have N rows."""


class Target(Protocol):
    """A log-joint, as the optimisation sees it."""

    parameters: Parameters

    def steps(self, generator: torch.Generator) -> Iterator[Density]:
        """An endless sequence of densities, each log-density an unbiased estimate of the whole one."""
        ...

    def whole(self) -> Density:
        """The density given all data."""
        ...

    def trial(self, theta: Tensor) -> None:
        """Refuse, in words, a log-joint that does not work at theta `[D]`."""
        ...

    @property
    def like(self) -> Tensor | None:
        """A tensor of the data, whose dtype and device to take."""
        ...


@dataclass
class LogJoint:
    r"""\(\log p(\theta, D)\) as one function.

    Args:
        parameters: Names, shapes and supports.
        log_joint: From (parameters by name, data) to a number, written for one set of parameters; it is vectorised by
            `torch.func.vmap`, or called in a loop where that cannot be done.
        data: Handed to it as it is.
    """

    parameters: Parameters
    log_joint: Callable[[Values, Any], Tensor]
    data: Any = None
    _mapped: bool = field(default=True, init=False, repr=False)

    def _joint(self, values: Values) -> Tensor:
        return _number(self.log_joint(values, self.data), "log_joint")

    def steps(self, generator: torch.Generator) -> Iterator[Density]:
        """The same density every time."""
        return repeat(self.whole())

    def whole(self) -> Density:
        """The density given all data."""
        return _density(self.parameters, self._joint, mapped=self._mapped)

    def trial(self, theta: Tensor) -> None:
        """Refuse, in words, a log-joint that does not work at theta `[D]`."""
        self._mapped = _tried(self.parameters, self._joint, theta, "log_joint")

    @property
    def like(self) -> Tensor | None:
        """A tensor of the data, whose dtype and device to take."""
        return _floating(self.data)


@dataclass
class MiniBatches:
    r"""\(\log p(\theta) + \sum_n \log p(x_n | \theta)\), estimated from some of the N rows.

    From B rows it is \(\log p(\theta) + \frac{N}{B} \sum_b \log p(x_b | \theta)\).

    Args:
        parameters: Names, shapes and supports.
        log_prior: From parameters by name to a number.
        log_likelihood: From (parameters by name, rows) to one number a row, `[B]`.
        data: A tensor, or a sequence or mapping of tensors, with N rows each.
        batch_size: B. Every epoch takes the rows in another order; what does not fill a batch waits for the next one.

    Raises:
        DataError: No rows, or tensors of different lengths.
        ConfigurationError: A batch size below 1.
    """

    parameters: Parameters
    log_prior: Callable[[Values], Tensor]
    log_likelihood: Callable[[Values, Any], Tensor]
    data: Rows
    batch_size: int = 100
    _mapped: bool = field(default=True, init=False, repr=False)

    def __post_init__(self) -> None:
        lengths = {len(each) for each in _tensors(self.data)}
        if len(lengths) != 1 or 0 in lengths:
            raise DataError(
                f"the data have {' and '.join(map(str, sorted(lengths))) or 'no'} rows; expected tensors with the same "
                "number of rows, at least one"
            )
        if self.batch_size < 1:
            raise ConfigurationError(f"batch_size is {self.batch_size}; expected 1 or more rows")
        self.rows = lengths.pop()
        self.batch_size = min(self.batch_size, self.rows)

    def estimate(self, index: Tensor) -> Density:
        """The density estimated from some rows.

        Args:
            index: Of the rows, `[B]`.

        Returns:
            An estimate that is unbiased for rows drawn at random.
        """
        batch = _take(self.data, index)
        weight = self.rows / len(index)

        def joint(values: Values) -> Tensor:
            each = _each(self.log_likelihood(values, batch), len(index))
            return _number(self.log_prior(values), "log_prior") + weight * each.sum()

        return _density(self.parameters, joint, mapped=self._mapped)

    def steps(self, generator: torch.Generator) -> Iterator[Density]:
        """One density a mini-batch."""
        while True:
            order = torch.randperm(self.rows, generator=generator)
            for index in order.split(self.batch_size):
                if len(index) == self.batch_size:
                    yield self.estimate(index)

    def whole(self) -> Density:
        """The density given all data."""
        return _density(self.parameters, self._sum, mapped=self._mapped)

    def _sum(self, values: Values) -> Tensor:
        total = _number(self.log_prior(values), "log_prior")
        for index in torch.arange(self.rows).split(max(self.batch_size, 1024)):
            total = total + _each(self.log_likelihood(values, _take(self.data, index)), len(index)).sum()
        return total

    def trial(self, theta: Tensor) -> None:
        """Refuse, in words, a log-joint that does not work at theta `[D]`."""
        self._mapped = _tried(self.parameters, self._sum, theta, "log_prior + log_likelihood")

    @property
    def like(self) -> Tensor | None:
        """A tensor of the data, whose dtype and device to take."""
        return _floating(self.data)


def _density(parameters: Parameters, joint: Callable[[Values], Tensor], *, mapped: bool) -> Density:
    if mapped:
        return parameters.target(joint)

    def one_by_one(values: Values) -> Tensor:
        count = len(values[parameters.names[0]])
        return torch.stack([joint({name: value[k] for name, value in values.items()}) for k in range(count)])

    return parameters.target(one_by_one, batched=True)


def _tried(parameters: Parameters, joint: Callable[[Values], Tensor], theta: Tensor, name: str) -> bool:
    """Whether `vmap` can vectorise the joint; refuses one that fails for a single set of parameters."""
    values, _ = parameters.constrain(theta)
    with Unchecked.scope():
        try:
            value = joint(values)
        except KeyError as error:
            raise CompatibilityError(
                f"{name} asked for {error}, which it was not given; the parameters are {', '.join(parameters.names)}"
            ) from error
    if value.isnan() or value.isinf():
        at = ", ".join(f"{key} = {each.detach().flatten()[:4].tolist()}" for key, each in values.items())
        raise NonFiniteError(
            f"{name} is {float(value)} at the start ({at}); give `start` with values where the joint density is above "
            "zero, and declare each parameter's support, such as constraints.positive"
        )
    try:
        parameters.target(joint)(torch.stack([theta, theta]))
    except RuntimeError:  # vmap cannot trace `.item()`, branches on values or writes in place
        return False
    return True


def _number(value: object, name: str) -> Tensor:
    if not isinstance(value, Tensor) or value.dim():
        got = f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
        raise CompatibilityError(
            f"{name} returned {got}; expected one number as a tensor: sum over dimensions and data"
        )
    return value


def _each(value: object, rows: int) -> Tensor:
    if not isinstance(value, Tensor) or value.shape != (rows,):
        got = f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
        raise CompatibilityError(
            f"log_likelihood returned {got}; expected one number a row, ({rows},): sum over dimensions, not over rows "
            "(each batch is scaled to the whole data set afterwards)"
        )
    return value


def _tensors(data: Rows) -> list[Tensor]:
    if isinstance(data, Tensor):
        return [data]
    return list(data.values() if isinstance(data, Mapping) else data)


def _take(data: Rows, index: Tensor) -> Rows:
    if isinstance(data, Tensor):
        return data[index.to(data.device)]
    if isinstance(data, Mapping):
        return {name: each[index.to(each.device)] for name, each in data.items()}
    return tuple(each[index.to(each.device)] for each in data)


def _floating(data: Any) -> Tensor | None:
    parts = data.values() if isinstance(data, Mapping) else data if isinstance(data, list | tuple) else (data,)
    return next((each for each in parts if isinstance(each, Tensor) and each.is_floating_point()), None)

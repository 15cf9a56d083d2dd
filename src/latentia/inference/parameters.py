"""A dictionary of constrained parameters as one unconstrained vector, and back, with the log-determinant."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import ClassVar, cast

import torch
from torch import Tensor
from torch.distributions import Distribution, Transform, biject_to, constraints
from torch.distributions.constraints import Constraint
from torch.distributions.transforms import ComposeTransform, IndependentTransform

from latentia.errors import CompatibilityError, ConfigurationError

Values = dict[str, Tensor]
"""Parameters by name, each `[*lead, *shape]`."""
LogJoint = Callable[[Values], Tensor]
"""The log-density of parameters and data, up to a constant, in nats."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """The shape of a parameter, and where it lives.

    Attributes:
        shape: Of one value; () for a number.
        support: A constraint of `torch.distributions.constraints`: `real`, `positive`, `unit_interval`, `simplex`,
            `corr_cholesky`, ...
    """

    shape: tuple[int, ...] = ()
    support: Constraint = constraints.real


class Parameters:
    r"""The bijection between constrained parameters and one vector of \(\mathbb{R}^D\).

    Each parameter is \(v = g(\theta)\) with torch's bijection g onto its support, so that a density of v becomes one of
    the vector by \(\log p(\theta) = \log p(g(\theta)) + \log |\det \partial g / \partial \theta|\). Parameters lie one
    behind the other in the order given.

    Args:
        layout: Name to `Parameter`, or to a shape alone for parameters on the real line.

    Raises:
        ConfigurationError: No parameters, a shape that is none, or a support without a bijection from the real line.

    References:
        Kucukelbir, Tran, Ranganath, Gelman, Blei, Automatic differentiation variational inference, 2017,
        arXiv:1603.00788, section 2.3.

    >>> where = Parameters({"mean": (2,), "scale": Parameter((), constraints.positive)})
    >>> values, log_det = where.constrain(torch.zeros(5, 3))
    >>> values["mean"].shape, values["scale"].shape, float(values["scale"][0]), log_det.shape
    (torch.Size([5, 2]), torch.Size([5]), 1.0, torch.Size([5]))
    """

    def __init__(self, layout: Mapping[str, Parameter | tuple[int, ...]]) -> None:
        if not layout:
            raise ConfigurationError("no parameters were given; name at least one with its shape, as in {'w': (3,)}")
        self.layout = {name: _parameter(name, given) for name, given in layout.items()}
        self._transforms = {name: _bijection(name, parameter) for name, parameter in self.layout.items()}
        self._free = {name: _free_shape(name, self.layout[name], t) for name, t in self._transforms.items()}
        self._sizes = [shape.numel() for shape in self._free.values()]

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters' names, in order."""
        return tuple(self.layout)

    @property
    def size(self) -> int:
        """D, the length of the unconstrained vector."""
        return sum(self._sizes)

    @property
    def coordinates(self) -> tuple[str, ...]:
        """A name for each of the D unconstrained coordinates, such as `w[1,0]`."""
        return tuple(
            f"{name}[{','.join(map(str, index))}]" if shape else name
            for name, shape in self._free.items()
            for index in _indices(shape)
        )

    def constrain(self, theta: Tensor) -> tuple[Values, Tensor]:
        """The parameters that an unconstrained vector stands for.

        Args:
            theta: `[*lead, D]`.

        Returns:
            Name to `[*lead, *shape]`, and the log-determinant of the map, `[*lead]`, in nats.

        Raises:
            CompatibilityError: Another length.
        """
        if theta.shape[-1:] != (self.size,):
            raise CompatibilityError(
                f"a vector of shape {tuple(theta.shape)} was given; the parameters {', '.join(self.names)} take "
                f"(..., {self.size})"
            )
        lead = theta.shape[:-1]
        log_det = theta.new_zeros(lead)
        values: Values = {}
        for (name, transform), part in zip(self._transforms.items(), theta.split(self._sizes, dim=-1), strict=True):
            free = part.reshape(lead + self._free[name])
            values[name] = free if transform is None else transform(free)
            if transform is not None:
                change = transform.log_abs_det_jacobian(free, values[name])
                log_det = log_det + (change.flatten(len(lead)).sum(-1) if change.dim() > len(lead) else change)
        return values, log_det

    def unconstrain(self, values: Mapping[str, Tensor]) -> Tensor:
        """The unconstrained vector of parameters.

        Args:
            values: Name to `[*lead, *shape]`, the same lead for all.

        Returns:
            `[*lead, D]`.

        Raises:
            CompatibilityError: Missing or unknown names, or shapes that do not fit.
            ConfigurationError: A value outside its support or on its edge.
        """
        if set(values) != set(self.layout):
            raise CompatibilityError(
                f"values for {', '.join(sorted(values)) or 'nothing'} were given; the parameters are "
                f"{', '.join(self.names)}: give a value for each"
            )
        first = self.names[0]
        lead = values[first].shape[: values[first].dim() - len(self.layout[first].shape)]
        parts = [self._released(name, values[name], lead) for name in self.names]
        return torch.cat(parts, dim=-1)

    def _released(self, name: str, value: Tensor, lead: torch.Size) -> Tensor:
        parameter, transform = self.layout[name], self._transforms[name]
        if value.shape != lead + torch.Size(parameter.shape):
            raise CompatibilityError(
                f"{name} has shape {tuple(value.shape)}; expected {(*lead, *parameter.shape)}: the parameter's own "
                f"shape {parameter.shape} behind the leading shape {tuple(lead)} of the first parameter"
            )
        inside = bool(parameter.support.check(value).all())
        free = value if transform is None else cast(Tensor, transform.inv(value))
        if not (inside and bool(free.isfinite().all())):
            raise ConfigurationError(
                f"{name} holds values outside its support {parameter.support} or on its edge; give values inside it"
            )
        return free.reshape(*lead, -1)

    def target(self, log_joint: LogJoint, *, batched: bool = False) -> Callable[[Tensor], Tensor]:
        """The log-density of the unconstrained vector, the log-determinant included, for many vectors at once.

        Checks of `torch.distributions` are off while `log_joint` runs: the values lie in their supports by
        construction, `vmap` cannot trace the checks, and a density that is not a number serves a sampler better than an
        exception where a wild step overflows.

        Args:
            log_joint: From parameters by name (each of its own shape) to a number, written for one set of parameters;
                it is vectorised by `torch.func.vmap`. Data belong in the dtype of the vector: a number in float64
                beside an array in float32 makes float32.
            batched: `log_joint` itself takes parameters `[C, *shape]` and returns `[C]`.

        Returns:
            A function from `[C, D]` to `[C]`, in nats.
        """
        joint = log_joint if batched else torch.func.vmap(log_joint)

        def log_prob(theta: Tensor) -> Tensor:
            values, log_det = self.constrain(theta)
            with Unchecked.scope():
                value: Tensor = joint(values)
            if value.shape != log_det.shape:
                wanted = "a number for each set of parameters" if batched else "one number"
                raise CompatibilityError(
                    f"log_joint returned shape {tuple(value.shape if batched else value.shape[1:])}; expected {wanted}"
                    f"{f', shape {tuple(log_det.shape)}' if batched else ''}: sum over data and dimensions"
                )
            return value + log_det

        return log_prob


class Unchecked:
    """A scope without the argument checks of `torch.distributions`, which `vmap` cannot trace.

    The checks are a class attribute of torch, so scopes that overlap in several threads are counted and the last one
    to leave puts it back.
    """

    _lock: ClassVar[Lock] = Lock()
    _open: ClassVar[int] = 0
    _before: ClassVar[bool] = True

    @classmethod
    @contextmanager
    def scope(cls) -> Iterator[None]:
        """Checks are off inside, and afterwards as they were.

        Yields:
            Nothing.
        """
        with cls._lock:
            if cls._open == 0:
                cls._before = Distribution._validate_args
                Distribution.set_default_validate_args(False)
            cls._open += 1
        try:
            yield
        finally:
            with cls._lock:
                cls._open -= 1
                if cls._open == 0:
                    Distribution.set_default_validate_args(cls._before)


def _parameter(name: str, given: Parameter | tuple[int, ...]) -> Parameter:
    parameter = given if isinstance(given, Parameter) else Parameter(tuple(given))
    if any(not isinstance(size, int) or size < 1 for size in parameter.shape):
        raise ConfigurationError(f"{name} has the shape {parameter.shape}; expected positive whole numbers, or ()")
    return parameter


def _bijection(name: str, parameter: Parameter) -> Transform | None:
    """Torch's bijection onto the support; None for the real line, where there is nothing to do."""
    support = parameter.support
    advice = (
        "expected a continuous support with a bijection from the real line: real, positive, greater_than, interval, "
        "unit_interval, simplex or corr_cholesky (a covariance is best given as positive scales and a corr_cholesky)"
    )
    if support.is_discrete:
        raise ConfigurationError(f"{name} lives on the discrete support {support}; {advice}; sum it out by hand")
    try:
        transform = biject_to(support)
    except NotImplementedError:
        raise ConfigurationError(f"{name} lives on {support}; {advice}") from None
    inner = transform
    while isinstance(inner, IndependentTransform):
        inner = inner.base_transform
    if isinstance(inner, ComposeTransform) and not inner.parts:
        return None
    return cast(Transform, transform)


def _free_shape(name: str, parameter: Parameter, transform: Transform | None) -> torch.Size:
    """The shape before the bijection, after a trial of its log-determinant."""
    if transform is None:
        return torch.Size(parameter.shape)
    try:
        shape = torch.Size(transform.inverse_shape(parameter.shape))
        trial = torch.zeros(shape)
        transform.log_abs_det_jacobian(trial, transform(trial))
    except (ValueError, RuntimeError, IndexError) as error:
        raise ConfigurationError(
            f"{name} has the shape {parameter.shape}, which does not fit its support {parameter.support}: {error}"
        ) from None
    return shape


def _indices(shape: torch.Size) -> list[tuple[int, ...]]:
    return [tuple(index) for index in torch.ones(shape).nonzero().tolist()] if shape else [()]

"""Refusals that several families of latent variables share."""

from __future__ import annotations

import math

from latentia.errors import ConfigurationError


def check_positive(**values: float) -> None:
    """Refuse what is not a finite number above zero.

    Args:
        **values: Option name to value.

    Raises:
        ConfigurationError: Names the option.
    """
    for name, value in values.items():
        if not (value > 0 and math.isfinite(value)):
            raise ConfigurationError(f"{name} is {value:g}; it is a finite number above zero")


def check_categories(categories: int) -> None:
    """Refuse a categorical variable without a choice.

    Args:
        categories: Values of the variable.

    Raises:
        ConfigurationError: Fewer than two.
    """
    if categories < 2:
        raise ConfigurationError(f"categories is {categories}; a categorical variable has at least two values")

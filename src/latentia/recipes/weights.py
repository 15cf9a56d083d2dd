"""Checks of weights that recipes put on terms of their losses."""

from __future__ import annotations

import math

from latentia.errors import ConfigurationError


def check_weights(**weights: float) -> None:
    """Refuse weights that are negative or no numbers.

    Args:
        **weights: Option name to value.

    Raises:
        ConfigurationError: Names the option.
    """
    for name, value in weights.items():
        if not (value >= 0 and math.isfinite(value)):
            raise ConfigurationError(f"{name} is {value:g}; a weight is zero or more")


def check_shares(**shares: float) -> None:
    """Refuse shares that do not lie strictly between 0 and 1.

    Args:
        **shares: Option name to value.

    Raises:
        ConfigurationError: Names the option.
    """
    for name, value in shares.items():
        if not 0 < value < 1:
            raise ConfigurationError(f"{name} is {value:g}; it lies between 0 and 1")


def check_probes(probes: int) -> None:
    """Refuse a negative number of random directions.

    Args:
        probes: How many; 0 stands for an exact computation.

    Raises:
        ConfigurationError: Fewer than none.
    """
    if probes < 0:
        raise ConfigurationError(f"probes is {probes}; it is zero (exact) or more")

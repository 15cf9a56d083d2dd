"""What the estimators share: fitted or not, converged or not, and where the randomness comes from."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from latentia.errors import ConfigurationError
from latentia.inference.ascent import Ascent


def seed_from(random_state: Any) -> int:
    """A torch seed from whatever scikit-learn takes as `random_state`.

    Args:
        random_state: None, an integer or a NumPy generator.

    Returns:
        A seed; the same one for the same integer.
    """
    return int(check_random_state(random_state).randint(2**31 - 1))


def generator_from(random_state: Any) -> torch.Generator:
    """A seeded generator.

    Args:
        random_state: As for `seed_from`.

    Returns:
        A generator of its own.
    """
    return torch.Generator().manual_seed(seed_from(random_state))


def require_fit(estimator: Any, attribute: str) -> Any:
    """The result of `fit`.

    Args:
        estimator: An estimator.
        attribute: Where `fit` leaves its result.

    Returns:
        The result.

    Raises:
        ConfigurationError: There was no `fit`.
    """
    if not hasattr(estimator, attribute):
        raise ConfigurationError(f"this {type(estimator).__name__} has not been fitted: call fit first")
    return getattr(estimator, attribute)


def warn_unless_converged(ascent: Ascent) -> None:
    """Warn as scikit-learn does where the sweeps ran out.

    Args:
        ascent: What the fit returned.
    """
    if not ascent.converged:
        warnings.warn(
            f"the bound was still rising after {len(ascent.path)} sweeps: raise max_iter or tol",
            ConvergenceWarning,
            stacklevel=3,
        )


def positive_count(n: int) -> int:
    """Refuse a number of samples that is none.

    Args:
        n: How many.

    Returns:
        The same.

    Raises:
        ConfigurationError: Below one.
    """
    if n < 1:
        raise ConfigurationError(f"{n} samples were asked for; ask for at least one")
    return n

"""Exemptions from laws: declared by the part that needs one, with its reason, and never by a test.

A module of a model, an objective or one of its penalties may carry `exempt`, a mapping from the name of a law (a test
without `test_`) to the reason why it cannot hold.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from latentia.model import VAE
from latentia.objectives import Objective


def reasons(model: VAE, objective: Objective, law: str) -> Iterator[str]:
    """Why a model or its objective cannot obey a law; nothing where it can."""
    penalties = getattr(objective, "penalties", ())
    for part in (*model.modules(), objective, *penalties):
        reason = getattr(part, "exempt", {}).get(law)
        if reason is not None:
            yield f"{type(part).__name__}: {reason}"


def respect(model: VAE, objective: Objective, law: str) -> None:
    """Skip the test, with the reason, where a part of the instance is exempt from the law."""
    for reason in reasons(model, objective, law):
        pytest.skip(reason)

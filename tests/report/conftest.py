"""Pictures of every kind of run, drawn once for all tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from latentia.report import draw_pictures
from tests.report.runs import run_of


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, Path]]:
    """The pictures of a kind of run."""
    known: dict[str, dict[str, Path]] = {}

    def pictures(kind: str) -> dict[str, Path]:
        if kind not in known:
            known[kind] = draw_pictures(run_of(kind), tmp_path_factory.mktemp("pictures"))
        return known[kind]

    return pictures

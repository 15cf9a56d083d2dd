"""One small trained run, for all tests of the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.shell import call

TINY = ("--hidden", "16", "--latent-dim", "3", "--threads", "1")


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on the digits, with everything but the report."""
    folder = tmp_path_factory.mktemp("runs") / "digits"
    done = call("fit", "digits", "--epochs", 3, *TINY, "--out", folder, "--no-report")
    assert done.status == 0, done.err
    return folder


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on rows of real numbers, read from a file."""
    import numpy as np

    folder = tmp_path_factory.mktemp("tables")
    np.save(folder / "rows.npy", np.random.default_rng(0).normal(5, 2, (60, 4)))
    done = call("fit", folder / "rows.npy", "--epochs", 2, *TINY, "--out", folder / "run", "--no-report")
    assert done.status == 0, done.err
    return folder / "run"

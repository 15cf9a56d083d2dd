"""Runs saved by every release still load; each release adds a folder, written once and never again."""

from __future__ import annotations

from pathlib import Path

import pytest

from latentia.train import load_checkpoint, weight_hash

GOLDEN = Path(__file__).parent / "golden"
HASHES = {
    "0.1.0": (
        "5b0586ab36996590a53c359f081200593955e26b3f76ced5ce92d96534209c21",
        "621e937dbcbfcef1d21602ebee028f42df4b0b4e68dffa614feb467eb7e5b548",
    ),
}
"""Release to the hashes of the model and of the state."""


@pytest.mark.parametrize("release", sorted(path.name for path in GOLDEN.iterdir()))
def test_a_run_of_that_release_loads(release: str) -> None:
    model, metadata = load_checkpoint(GOLDEN / release)
    state, _ = load_checkpoint(GOLDEN / release, "state")
    assert (weight_hash(model), weight_hash(state)) == HASHES[release]
    assert metadata["latentia"] == release
    assert load_checkpoint(GOLDEN / release, checkpoint="previous")[1]["step"] == "0"

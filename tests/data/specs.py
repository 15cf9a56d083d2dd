"""Descriptions of data, made by hand, for tests that need no data."""

from __future__ import annotations

from typing import Any

from latentia.data.spec import DataSpec


def make_spec(**changes: Any) -> DataSpec:
    """A description of three real columns, with the fields changed that are given."""
    fields: dict[str, Any] = {
        "name": "points",
        "kind": "vector",
        "shape": (3,),
        "dtype": "float32",
        "support": "real",
        "levels": None,
        "low": -3.5,
        "high": 8.25,
        "unit": 1.0,
        "mean": (0.1, -2.0, 1e9),
        "std": (1.0, 0.5, 0.0),
        "names": None,
        "classes": ("no", "yes"),
        "counts": {"train": 8, "validation": 1, "test": 1},
        "source": "points.npy",
        "digest": "00" * 32,
    }
    return DataSpec(**fields | changes)


def pixels(**changes: Any) -> DataSpec:
    """A description of 8-bit grey pictures of 2x2."""
    fields: dict[str, Any] = {
        "name": "pictures",
        "kind": "image",
        "shape": (1, 2, 2),
        "dtype": "uint8",
        "support": "levels",
        "levels": 256,
        "low": 0.0,
        "high": 255.0,
        "unit": 255.0,
        "mean": (100.0,),
        "std": (50.0,),
    }
    return make_spec(**fields | changes)

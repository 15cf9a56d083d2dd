"""Descriptions of made-up data on which a recipe's composition can be shown. Imports no torch."""

from __future__ import annotations

from dataclasses import replace

from latentia.data.spec import DataSpec

_PIXELS = DataSpec(
    name="28 x 28 binary pixels",
    kind="image",
    shape=(1, 28, 28),
    dtype="uint8",
    support="binary",
    levels=2,
    low=0.0,
    high=1.0,
    unit=1.0,
    mean=(0.13,),
    std=(0.34,),
    names=None,
    classes=None,
    counts={"train": 50_000, "validation": 10_000, "test": 10_000},
    source="an example",
    digest="0" * 64,
)
_COLUMNS = replace(
    _PIXELS,
    name="20 columns of real numbers",
    kind="vector",
    shape=(20,),
    dtype="float32",
    support="real",
    levels=None,
    low=-3.0,
    high=3.0,
    mean=(0.0,) * 20,
    std=(1.0,) * 20,
)
_COUNTS = replace(
    _COLUMNS,
    name="counts of 200 words",
    shape=(200,),
    support="counts",
    low=0.0,
    high=9.0,
    mean=(0.1,) * 200,
    std=(0.5,) * 200,
)

EXAMPLES = (_PIXELS, _COUNTS, _COLUMNS)
"""In the order in which they are tried."""

"""The real data that benchmarks use, read from `LATENTIA_DATA` into the library's own data sets."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from latentia import load_data
from latentia.data import Dataset
from latentia.evaluation.disentanglement import Factors


def folder() -> Path:
    """The folder that holds `mnist/`, `dsprites/`, ...; ends the program where there is none."""
    if not (found := os.environ.get("LATENTIA_DATA")):
        sys.exit("LATENTIA_DATA is not set: it names the folder that holds mnist/, dsprites/, ...")
    return Path(found)


def binarised_mnist() -> Dataset:
    """The fixed binarisation of Salakhutdinov and Murray: 50,000 / 10,000 / 1,000 rows, those drawn at random."""
    with np.load(folder() / "binarized_mnist" / "binarized_mnist.npz") as file:
        bits = {split: np.unpackbits(file[split], axis=1).reshape(-1, 28, 28) for split in ("train", "valid", "test")}
    # The test rows are sorted by class.
    chosen = np.random.default_rng(0).permutation(len(bits["test"]))[:1000]
    return load_data(bits["train"], validation=bits["valid"], test=bits["test"][chosen])


def dsprites() -> Dataset:
    """20,000 random shapes, 64 x 64 binary pixels, a tenth held out for validation and a tenth for the test."""
    with np.load(folder() / "dsprites" / "dsprites_random_20000.npz") as file:
        return load_data(file["imgs"])


def dsprites_factors() -> Factors:
    """The factors of the same 20,000 rows in the file's order; `Factors.split` has those of a split of `dsprites`.

    They are the official classes: 3 shapes, 6 scales, 40 orientations, 32 places across and down. Colour is constant,
    and left out.
    """
    names = ("colour", "shape", "scale", "orientation", "x", "y")
    return Factors.read(folder() / "dsprites" / "dsprites_random_20000.npz", "latents_classes", names, ["shape"])


def frey() -> Dataset:
    """1,965 frames of a face, 28 x 20 grey pixels, shuffled and split 1,565 / 200 / 200 as in the papers."""
    with np.load(folder() / "frey_face" / "frey_face.npz") as file:
        x = file["x"][np.random.default_rng(0).permutation(1965)]
    return load_data(x[:1565], validation=x[1565:1765], test=x[1765:])


def news() -> Dataset:
    """20 Newsgroups as counts of 3,072 words; 1,000 test documents drawn at random."""
    with np.load(folder() / "20news" / "20news_bow.npz") as file:
        parts = {split: _dense(file, split) for split in ("train", "valid", "test")}
    chosen = np.random.default_rng(0).permutation(len(parts["test"]))[:1000]
    return load_data(parts["train"], validation=parts["valid"], test=parts["test"][chosen])


def words() -> list[str]:
    """The vocabulary of `news`, in the order of its columns."""
    return (folder() / "20news" / "vocab.txt").read_text(encoding="utf-8").split()


def _dense(file: np.lib.npyio.NpzFile, split: str) -> np.ndarray:
    pointers, columns, counts = (file[f"{split}_{part}"] for part in ("indptr", "indices", "counts"))
    x = np.zeros((len(pointers) - 1, 3072), np.uint16)
    x[np.repeat(np.arange(len(x)), np.diff(pointers)), columns] = counts
    return x


def adult() -> Dataset:
    """Adult: 14 columns of numbers and categories, with missing cells; 1,000 test rows drawn at random."""
    from benchmarks.adult import load_adult

    return load_adult(folder() / "adult", test_rows=1000)


DATA: dict[str, Callable[[], Dataset]] = {
    "mnist": cache(binarised_mnist),
    "dsprites": cache(dsprites),
    "frey": cache(frey),
    "news": cache(news),
    "adult": cache(adult),
    "digits": lambda: load_data("digits"),
}
"""Name to loader."""

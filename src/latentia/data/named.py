"""Data sets known by name: found on this machine where possible, downloaded otherwise."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from latentia.data.download import Remote, fetch
from latentia.data.idx import idx_file, read_idx
from latentia.data.reading import Part, Reading
from latentia.errors import DataError


@dataclass(frozen=True, slots=True)
class Named:
    """A data set of four IDX files.

    Args:
        folder: Its folder under `$LATENTIA_DATA`.
        url: Where the files lie on the network.
        sha256: Checksum of the unpacked content of each file (mirrors pack it differently).
        classes: Names of the labels.
    """

    folder: str
    url: str
    sha256: dict[str, str]
    classes: tuple[str, ...]


NAMED = {
    "mnist": Named(
        folder="mnist",
        url="https://ossci-datasets.s3.amazonaws.com/mnist",
        sha256={
            "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        },
        classes=tuple("0123456789"),
    ),
    "fashion-mnist": Named(
        folder="fashion_mnist",
        url="http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
        sha256={
            "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        },
        classes=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
    ),
}
"""MNIST (LeCun, Bottou, Bengio, Haffner, 1998) and Fashion-MNIST (Xiao, Rasul, Vollgraf, 2017, arXiv:1708.07747)."""


def cache_folder() -> Path:
    """Where downloads are kept: `$LATENTIA_CACHE`, else `$XDG_CACHE_HOME/latentia`, else `~/.cache/latentia`."""
    if own := os.environ.get("LATENTIA_CACHE"):
        return Path(own).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "latentia"


def find_locally(name: str) -> Path | None:
    """The folder on this machine that has all files of a data set, if there is one.

    Args:
        name: A key of `NAMED`.

    Returns:
        Its folder under `$LATENTIA_DATA`, or in the cache.
    """
    data = os.environ.get("LATENTIA_DATA")
    places = [Path(data).expanduser() / NAMED[name].folder] if data else []
    places.append(cache_folder() / name)
    complete = (place for place in places if all(idx_file(place, stem) for stem in NAMED[name].sha256))
    return next(complete, None)


def read_named(name: str) -> Reading:
    """Read a data set by its name, from `$LATENTIA_DATA`, the cache, or the network.

    `$LATENTIA_MIRROR` names another place to download from; a file is then `$LATENTIA_MIRROR/NAME/FILE`.

    Args:
        name: A key of `NAMED`.

    Returns:
        Its training and test pictures; every file's content was compared with its checksum.

    Raises:
        DataError: A file with another checksum, or a download that failed.
    """
    known = NAMED[name]
    folder = find_locally(name)
    if folder is None:
        folder = cache_folder() / name
        mirror = os.environ.get("LATENTIA_MIRROR")
        base = f"{mirror.rstrip('/')}/{name}" if mirror else known.url
        missing = [stem for stem in known.sha256 if idx_file(folder, stem) is None]
        advice = f"put its files into $LATENTIA_DATA/{known.folder}, or set LATENTIA_MIRROR"
        fetch([Remote(f"{base}/{stem}.gz", f"{stem}.gz", known.sha256[stem]) for stem in missing], folder, advice)
    arrays = {}
    for stem, sha256 in known.sha256.items():
        if (path := idx_file(folder, stem)) is None:
            raise DataError(f"{folder}: {stem} is missing; remove the folder to download it again")
        arrays[stem.rpartition("-")[0]] = read_idx(path, sha256=sha256)
    return Reading(
        name=name,
        source=name,
        what=f"{name} from {folder}",
        parts={
            "train": Part(arrays["train-images-idx3"], arrays["train-labels-idx1"]),
            "test": Part(arrays["t10k-images-idx3"], arrays["t10k-labels-idx1"]),
        },
        classes=known.classes,
    )

"""Tensors and text as bytes: safetensors, written in one canonical order and read with suspicion.

The safetensors library orders metadata at random, so the same model would have another hash at every save; the format
is simple enough to write here (a little-endian header length, a JSON header, the data), and the library reads it back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as parse
from torch import Tensor

from latentia.errors import CheckpointError

_NAMES = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
    torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8",
    torch.uint8: "U8", torch.bool: "BOOL",
}  # fmt: skip
_LONGEST_HEADER = 100_000_000  # the library's own limit


@dataclass(frozen=True, slots=True)
class Encoded:
    """A file's content: in pieces, so that a large model is not held twice, with its size and SHA-256."""

    chunks: tuple[bytes | memoryview, ...]
    sha256: str
    size: int


def encode(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> Encoded:
    """Lays tensors out as a safetensors file; equal content gives equal bytes.

    Args:
        tensors: Name to tensor, on any device; tensors that share memory are written once for each name.
        metadata: Text to keep in the header.

    Returns:
        The file's content. It views the memory of tensors on the CPU: write it before they change.
    """
    # Wide types first and then by name, as the library does: every tensor then starts at a multiple of its own width.
    order = sorted(tensors, key=lambda name: (-tensors[name].element_size(), name))
    header: dict[str, object] = {"__metadata__": {key: metadata[key] for key in sorted(metadata)}} if metadata else {}
    data: list[memoryview] = []
    offset = 0
    for name in order:
        tensor = tensors[name].detach().to("cpu").contiguous()
        view = _bytes(tensor)
        header[name] = {
            "dtype": _NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [offset, offset + len(view)]
        }  # fmt: skip
        offset += len(view)
        data.append(view)
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=True).encode()
    text += b" " * (-len(text) % 8)
    chunks: tuple[bytes | memoryview, ...] = (len(text).to_bytes(8, "little") + text, *data)
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return Encoded(chunks, digest.hexdigest(), sum(len(chunk) for chunk in chunks))


def _bytes(tensor: Tensor) -> memoryview:
    # An array is a buffer, which its type stub does not say.
    array: Any = tensor.reshape(-1).view(torch.uint8).numpy()
    return memoryview(array).cast("B") if tensor.numel() else memoryview(b"")


def read(path: Path, *, sha256: str | None = None, size: int | None = None) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Reads a safetensors file after checking its size, its hash and its header, in this order.

    Args:
        path: The file.
        sha256: What its SHA-256 must be, from the manifest; unchecked if None.
        size: What its size in bytes must be; unchecked if None.

    Returns:
        Name to tensor on the CPU, and the metadata.

    Raises:
        CheckpointError: The file is missing, damaged or no safetensors file: says which.
    """
    try:
        found = path.stat().st_size
        if size is not None and found != size:
            how = "cut short" if found < size else "followed by other bytes"
            raise CheckpointError(f"{path} is damaged: it has {found:,} bytes and should have {size:,} ({how})")
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if found < 8 or length > min(_LONGEST_HEADER, found - 8):
                raise CheckpointError(
                    f"{path} is damaged or no safetensors file: "
                    f"its header claims {length:,} bytes of {max(found - 8, 0):,}"
                )
            file.seek(0)
            content = file.read()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}") from error
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        raise CheckpointError(f"{path} is damaged: its SHA-256 is not the one in the manifest")
    try:
        tensors = parse(content)
        metadata = json.loads(content[8 : 8 + length]).get("__metadata__", {})
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path} is damaged or no safetensors file: {error}") from error
    return dict(tensors), {str(key): str(value) for key, value in metadata.items()}


def weight_hash(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 over names, types, shapes and bytes of tensors, in the order of their names.

    >>> a, b = torch.zeros(2), torch.ones(2)
    >>> weight_hash({"a": a, "b": b}) == weight_hash({"b": b, "a": a})
    True
    """
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().to("cpu").contiguous()
        digest.update(f"{name}:{tensor.dtype}:{tuple(tensor.shape)};".encode())
        digest.update(_bytes(tensor))
    return digest.hexdigest()


def require_same_layout(found: Mapping[str, Tensor], expected: Mapping[str, Tensor], where: str) -> None:
    """Checks that saved tensors are those of a model: none missing, none left over, every shape right.

    Raises:
        CheckpointError: Lists them.
    """
    faults = [f"{name} is missing" for name in sorted(set(expected) - set(found))]
    faults += [f"{name} is not part of this model" for name in sorted(set(found) - set(expected))]
    faults += [
        f"{name} has shape {tuple(found[name].shape)} and should have {tuple(expected[name].shape)}"
        for name in sorted(set(found) & set(expected))
        if found[name].shape != expected[name].shape
    ]
    if faults:
        raise CheckpointError(
            f"{where} does not fit the model: {_listed(faults)}; build the model with the saved options"
        )


def require_finite(tensors: Mapping[str, Tensor], where: str) -> None:
    """Refuses weights that are not finite numbers.

    Raises:
        CheckpointError: Lists the tensors.
    """
    bad = [name for name, tensor in tensors.items() if tensor.is_floating_point() and not tensor.isfinite().all()]
    if bad:
        raise CheckpointError(f"{where} holds values that are not finite in {_listed(bad)}")


def _listed(items: Iterable[str]) -> str:
    names = list(items)
    return "; ".join(names[:8]) + (f"; and {len(names) - 8} more" if len(names) > 8 else "")

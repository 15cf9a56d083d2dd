"""Where a value that is not finite comes from: the first bad tensor on the way from the data to the loss."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from latentia.conditionals import Need
from latentia.data import Batch
from latentia.data_model import DataModel


def all_finite(tensors: list[Tensor]) -> bool:
    """Whether all values are finite; waits for the device.

    A sum is a quick filter, as one bad value makes it bad; a sum that overflowed by itself is looked into.
    """
    if not tensors:
        return True
    with torch.no_grad():
        if torch.stack([tensor.sum() for tensor in tensors]).isfinite().all():
            return True
        return all(bool(tensor.isfinite().all()) for tensor in tensors)


def diagnose(model: DataModel, batch: Batch, gradients: Mapping[str, Tensor]) -> str:
    """Names the first tensor that is not finite: data, weights, evidence, posterior, prior, likelihood, gradients.

    Args:
        model: The model as it was when the loss was computed; the generators stand where they stood then.
        batch: The batch of that loss.
        gradients: Those of a good loss, by parameter; none if the loss itself is bad.

    Returns:
        A phrase such as "the data: row 3 of the batch (row 812 of the training data) holds nan".
    """
    with torch.no_grad():
        for name, tensor in _along_the_way(model, batch):
            rows = _bad_rows(tensor)
            if rows is None:
                continue
            return f"{name}{_where(name, rows, batch)} holds {_kinds(tensor)}"
    for name, gradient in gradients.items():
        if not gradient.isfinite().all():
            return f"the gradient of {name} holds {_kinds(gradient)}"
    return "the loss itself; every tensor before it is finite"


def _along_the_way(model: DataModel, batch: Batch) -> Iterator[tuple[str, Tensor]]:
    raw = batch.x.to(model.device)
    yield "the data", raw
    for name, parameter in model.named_parameters():
        yield f"the parameter {name}", parameter.detach().reshape(1, -1)
    for name, buffer in model.named_buffers():
        yield f"the buffer {name}", buffer.reshape(1, -1)
    x = model.preparation(raw)
    yield "the prepared data", x
    evidence = model.vae.encoder(x)
    yield "the evidence (what the encoder made of the data)", evidence
    trace = model.vae.trace(x, evidence=evidence)
    groups = model.vae.latents.groups
    for index, group in enumerate(groups):
        yield f"a sample of the posterior of {group.name}", _rows(trace.draw.z[index])
    for index, group in enumerate(groups if Need.DENSITY in model.vae.provides else ()):
        yield f"the posterior log-density of {group.name}", _rows(trace.log_qz[index])
        yield f"the prior log-density of {group.name}", _rows(trace.log_pz[index])
        yield f"the KL divergence of {group.name}", _rows(trace.kl[index])
    yield "the log-likelihood", _rows(trace.log_px)


def _rows(tensor: Tensor) -> Tensor:
    """`[K, B, ...]` with its rows first: `[B, K, ...]`."""
    return tensor.transpose(0, 1)


def _bad_rows(tensor: Tensor) -> list[int] | None:
    if not tensor.is_floating_point() or bool(tensor.isfinite().all()):
        return None
    good: Tensor = tensor.reshape(tensor.shape[0], -1).isfinite().all(1)
    return [int(row) for row in (~good).nonzero().flatten()]


def _where(name: str, rows: list[int], batch: Batch) -> str:
    if name.startswith(("the parameter", "the buffer")):
        return ""
    if len(rows) == len(batch.x) and len(rows) > 1:
        return " of every row"
    first = rows[0]
    more = f" and {len(rows) - 1} other rows" if len(rows) > 1 else ""
    return f": row {first} of the batch (row {int(batch.index[first])} of the training data, counted from 0){more}"


def _kinds(tensor: Tensor) -> str:
    found = [word for word, test in (("nan", torch.isnan), ("inf", torch.isinf)) if bool(test(tensor).any())]
    return " and ".join(found)

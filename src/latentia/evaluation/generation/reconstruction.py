"""How well rows come back from their codes: squared error, decibels and structural similarity, row by row."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from latentia.data.source import Source
from latentia.data.spec import DataSpec
from latentia.data_model import BLOCK, DataModel, seeded
from latentia.errors import DataError
from latentia.evaluation.gaps import mean_error, squared_error
from latentia.evaluation.generation.ssim import ms_ssim, scales_that_fit
from latentia.evaluation.latent_health import standard_error


@dataclass(frozen=True, slots=True)
class RowErrors:
    """Errors of N reconstructions, float64.

    Attributes:
        squared: `[N]`, mean over what was observed of each row, in squared units of the data; NaN for an empty row.
        psnr: `[N]`, in decibels against the range of the training data, infinite for a perfect row; pictures only.
        ms_ssim: `[N]`, multi-scale structural similarity; pictures of at least 3 x 3 pixels only.
    """

    squared: Tensor
    psnr: Tensor | None
    ms_ssim: Tensor | None


def row_errors(spec: DataSpec, back: Tensor, raw: Tensor) -> RowErrors:
    r"""Compare reconstructions with the rows they are of; \(PSNR = 10 \log_{10} (L^2 / MSE)\) for values that span L.

    Args:
        spec: The data; L is the range of its training rows.
        back: `[N, *shape]`, reconstructions in the data's units.
        raw: `[N, *shape]`, the rows.

    Returns:
        The errors.
    """
    squared = squared_error(spec, back, raw)
    span = spec.high - spec.low
    if spec.kind != "image" or not span > 0:
        return RowErrors(squared, None, None)
    psnr = 10 * (span**2 / squared).log10()
    alike = has_structure(spec) and spec.missing == 0
    return RowErrors(squared, psnr, ms_ssim(back, raw, span=span) if alike else None)


def has_structure(spec: DataSpec) -> bool:
    """Whether rows are pictures that structural similarity is defined for: 3 x 3 pixels, values that differ.

    Args:
        spec: The data.

    Returns:
        Whether `ms_ssim` takes them.
    """
    return spec.kind == "image" and min(spec.shape[1:]) >= 3 and spec.high > spec.low


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconstructionQuality:
    """What rows look like after a passage through the model, from the means of posterior and likelihood.

    Attributes:
        mse: Mean squared error over observed cells, in squared units of the data; of categories the share wrong.
        mse_se: Its standard error over rows.
        psnr: Mean over rows in decibels, perfect rows left out; pictures only.
        psnr_se: Its standard error.
        perfect: Share of rows that come back exactly.
        ms_ssim: Mean structural similarity; pictures without missing cells only.
        ms_ssim_se: Its standard error.
        scales: What of the five scales fits, in words, where there is a similarity.
        worst: Up to ten rows with the largest squared error, the worst first, counted from 0 in stored order.
        num_examples: Rows.
        verdict: In words.
    """

    mse: float
    mse_se: float | None
    psnr: float | None
    psnr_se: float | None
    perfect: float
    ms_ssim: float | None
    ms_ssim_se: float | None
    scales: str | None
    worst: tuple[int, ...]
    num_examples: int
    verdict: str

    def to_dict(self) -> dict[str, Any]:
        """A plain dictionary, ready for JSON."""
        return asdict(self)


def reconstruction_quality(model: DataModel, source: Source, *, seed: int = 0) -> ReconstructionQuality:
    """Reconstruct every row and measure what is lost.

    Args:
        model: Any trained model, autoencoders included.
        source: The rows.
        seed: Of any noise in the walk; means are used, so few models have any.

    Returns:
        The quality.

    Raises:
        DataError: No rows.
    """
    if len(source) == 0:
        raise DataError("there are no rows to reconstruct: the split is empty")
    parts, spread = [], _Spread()
    with torch.no_grad(), seeded(seed, model.device):
        for batch in source.batches(BLOCK, seed=None):
            parts.append(row_errors(model.spec, model.reconstruct(batch.x), batch.x.cpu()))
            spread.add(batch.x)
    squared = torch.cat([part.squared for part in parts])
    psnr, alike = _joined([part.psnr for part in parts]), _joined([part.ms_ssim for part in parts])
    told = None if psnr is None else psnr[psnr.isfinite()]
    told = None if told is None or len(told) == 0 else told
    known = squared[~squared.isnan()]
    mse = mean_error(squared)
    return ReconstructionQuality(
        mse=mse,
        mse_se=standard_error(known),
        psnr=None if told is None else float(told.mean()),
        psnr_se=None if told is None else standard_error(told),
        perfect=float((squared == 0).double().mean()),
        ms_ssim=None if alike is None else float(alike.mean()),
        ms_ssim_se=None if alike is None else standard_error(alike),
        scales=None if alike is None else str(scales_that_fit(*model.spec.shape[1:])),
        worst=tuple(squared.nan_to_num(-math.inf).argsort(descending=True, stable=True)[:10].tolist()),
        num_examples=len(squared),
        verdict=_verdict(mse, spread, model.spec),
    )


def _joined(parts: list[Tensor | None]) -> Tensor | None:
    known = [part for part in parts if part is not None]
    return torch.cat(known) if known else None


class _Spread:
    """Variance of each cell over rows, summed over batches, for the share of it that reconstructions explain."""

    def __init__(self) -> None:
        self.rows, self.first, self.second = 0, torch.zeros(()), torch.zeros(())

    def add(self, x: Tensor) -> None:
        flat = x.detach().cpu().double().flatten(1)
        if self.rows == 0:
            self.shift = flat[:1]
        self.rows += len(flat)
        self.first = self.first + (flat - self.shift).sum(0)
        self.second = self.second + (flat - self.shift).square().sum(0)

    @property
    def mean(self) -> float:
        return float((self.second / self.rows - (self.first / self.rows).square()).mean())


def _verdict(mse: float, spread: _Spread, spec: DataSpec) -> str:
    variance = spread.mean
    if spec.columns is not None or spec.missing > 0 or not variance > 0:
        return f"Mean squared error {mse:.4g}."
    share = 1 - mse / variance
    if share <= 0.05:
        return (
            f"Reconstructions tell nothing of the row: their error is {mse / variance:.0%} of what its mean would "
            "leave. The posterior has collapsed, or the model is not trained."
        )
    return f"Reconstructions explain {share:.0%} of the variance of the data."

"""Multi-scale structural similarity of pictures."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d

from latentia.errors import ConfigurationError, DataError

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents of the scales, the finest first (Wang and others, 2003)."""
WINDOW = 11
"""Side of the Gaussian window in pixels; its standard deviation is 1.5 pixels."""
_C1, _C2 = 0.01**2, 0.03**2
_SMALLEST = 3


@dataclass(frozen=True, slots=True)
class Scales:
    """What of the definition fits into a picture.

    Attributes:
        number: Scales, 5 where the shorter side has 176 pixels or more.
        window: Side of the window, 11 where the shorter side has so many.
    """

    number: int
    window: int

    def __str__(self) -> str:
        return f"{self.number} scale{'s' * (self.number > 1)} of {len(WEIGHTS)}, window of {self.window} pixels"


def scales_that_fit(height: int, width: int) -> Scales:
    """The most scales at which the window still fits; each halves the picture.

    Pictures under 11 pixels get one scale and the largest odd window that fits, narrowed in proportion.

    Args:
        height: Pixels.
        width: Pixels.

    Returns:
        Their number and the window.

    Raises:
        DataError: Pictures under 3 pixels have no structure.

    >>> print(scales_that_fit(28, 28))
    2 scales of 5, window of 11 pixels
    """
    side = min(height, width)
    if side < _SMALLEST:
        raise DataError(
            f"pictures of {height} x {width} pixels have no structure to compare: structural similarity needs at "
            f"least {_SMALLEST} x {_SMALLEST}; use the squared error"
        )
    window = min(WINDOW, side if side % 2 else side - 1)
    return Scales(max(sum(side >> scale >= WINDOW for scale in range(len(WEIGHTS))), 1), window)


def ms_ssim(a: Tensor, b: Tensor, *, span: float, scales: int | None = None) -> Tensor:
    r"""Similarity of two pictures in luminance, and in contrast and structure at several scales.

    \[ l = \frac{2 \mu_a \mu_b + C_1}{\mu_a^2 + \mu_b^2 + C_1}, \quad
    cs = \frac{2 \sigma_{ab} + C_2}{\sigma_a^2 + \sigma_b^2 + C_2}, \quad
    MS\text{-}SSIM = \overline{(l \cdot cs)}_S^{\,w_S} \prod_{s < S} \overline{cs}_s^{\,w_s} \]

    Moments are under a Gaussian window where it lies within the picture, a bar is the mean over places, and from scale
    to scale 2 x 2 pixels are averaged. \(C_1 = (0.01 L)^2, C_2 = (0.03 L)^2\) for values that span L. With fewer than
    five scales the weights of those that are left are scaled to sum to 1, so one scale is plain SSIM. Negative means
    (opposite structure) count as 0. Channels are compared one by one and averaged.

    Args:
        a: Pictures `[B, C, H, W]`.
        b: Pictures `[B, C, H, W]`.
        span: L, the range of the values.
        scales: S; by default as many as fit, at most 5 (`scales_that_fit`).

    Returns:
        `[B]` float64, between 0 and 1, and 1 for equal pictures.

    Raises:
        DataError: Shapes that differ or are no pictures, or pictures too small for so many scales.
        ConfigurationError: A span that is not positive, or a number of scales outside 1 to 5.

    References:
        Wang, Simoncelli, Bovik, Multiscale structural similarity for image quality assessment, 2003,
        doi:10.1109/ACSSC.2003.1292216.

    >>> ms_ssim(torch.ones(1, 1, 16, 16), torch.ones(1, 1, 16, 16), span=1.0)
    tensor([1.], dtype=torch.float64)
    """
    if a.shape != b.shape or a.dim() != 4:
        raise DataError(f"pictures of shapes {tuple(a.shape)} and {tuple(b.shape)}; give two of one (B, C, H, W)")
    if not span > 0:
        raise ConfigurationError(f"span is {span:g}, the range of the pictures' values; it must be above 0")
    fit = scales_that_fit(*a.shape[2:])
    number = fit.number if scales is None else scales
    if not 1 <= number <= len(WEIGHTS):
        raise ConfigurationError(f"scales is {number}; give 1 to {len(WEIGHTS)}")
    if number > fit.number:
        raise DataError(
            f"pictures of {a.shape[2]} x {a.shape[3]} pixels are too small for {number} scales, which need "
            f"{WINDOW * 2 ** (number - 1)} a side; at most {fit.number} fit: give scales={fit.number}, or none"
        )
    weights = torch.tensor(WEIGHTS[:number], dtype=torch.float64, device=a.device)
    weights = weights / weights.sum()
    x, y = a.double() / span, b.double() / span
    result = torch.ones(a.shape[:2], dtype=torch.float64, device=a.device)
    for scale, weight in enumerate(weights):
        luminance, structure = _terms(x, y, fit.window)
        last = scale == number - 1
        mean = (luminance * structure if last else structure).mean((2, 3))
        result = result * mean.clamp_min(0) ** weight
        if not last:
            x, y = avg_pool2d(x, 2), avg_pool2d(y, 2)
    return result.mean(1)


def _terms(x: Tensor, y: Tensor, window: int) -> tuple[Tensor, Tensor]:
    """Luminance, and contrast times structure, at every place: `[B, C, h, w]` each."""
    mean_x, mean_y, xx, yy, xy = (_blurred(each, window) for each in (x, y, x * x, y * y, x * y))
    luminance = (2 * mean_x * mean_y + _C1) / (mean_x.square() + mean_y.square() + _C1)
    shared = 2 * (xy - mean_x * mean_y) + _C2
    return luminance, shared / (xx - mean_x.square() + yy - mean_y.square() + _C2)


def _blurred(x: Tensor, window: int) -> Tensor:
    places = torch.arange(window, dtype=x.dtype, device=x.device) - (window - 1) / 2
    kernel = torch.exp(-places.square() / (2 * (1.5 * window / WINDOW) ** 2))
    kernel = kernel / kernel.sum()
    channels = x.shape[1]
    tall = kernel.view(1, 1, -1, 1).expand(channels, 1, -1, 1)
    return conv2d(conv2d(x, tall, groups=channels), tall.mT, groups=channels)

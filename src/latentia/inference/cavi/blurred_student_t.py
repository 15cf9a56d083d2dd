"""What remains of a Student-t distribution whose location is itself Gaussian."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Categorical, MixtureSameFamily

from latentia.distributions import StudentT

NODES = 40


def blurred_student_t(df: Tensor, loc: Tensor, scale: Tensor, blur: Tensor) -> MixtureSameFamily:
    r"""\(\int St(x | m, s, \nu) \, N(m | loc, blur^2) \, dm\) by Gauss-Hermite quadrature.

    The predictive distribution under a posterior in which location and precision are independent has no closed form; it
    is this mixture to within the quadrature's error, below 1e-10 wherever the blur is not wider than the scale.

    Args:
        df: Degrees of freedom, `[*batch]`.
        loc: Mean location, `[*batch]`.
        scale: Scale, `[*batch]`.
        blur: Standard deviation of the location, `[*batch]`.

    Returns:
        Batch `[*batch]` over scalars.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    points = loc[..., None] + blur[..., None] * torch.from_numpy(nodes)
    parts = StudentT(df[..., None], points, scale[..., None].expand_as(points))
    logits = torch.from_numpy(np.log(weights / math.sqrt(2 * math.pi))).expand_as(points)
    return MixtureSameFamily(Categorical(logits=logits, validate_args=False), parts, validate_args=False)

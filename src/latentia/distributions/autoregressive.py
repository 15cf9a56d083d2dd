"""zuko's transforms as transformations of a flow, in either direction."""

from __future__ import annotations

from typing import Any

from torch import Tensor


class Autoregressive:
    """A masked autoregressive (or coupling) transform of zuko's.

    One direction takes a single pass of its network, the other as many as there are dimensions (two for a coupling):
    an inverse autoregressive flow is fast to draw from, a masked autoregressive one to score data.

    Args:
        transform: A `torch.distributions.Transform` with zuko's `call_and_ladj`, over vectors.
        inverted: Draw through its inverse and score through itself.

    References:
        Kingma, Salimans, Jozefowicz, Chen, Sutskever, Welling, Improved variational inference with inverse
        autoregressive flow, 2016, arXiv:1606.04934; Papamakarios, Pavlakou, Murray, Masked autoregressive flow for
        density estimation, 2017, arXiv:1705.07057.
    """

    def __init__(self, transform: Any, *, inverted: bool = False) -> None:
        self._transform, self._inverted = transform, inverted

    def _there(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y, log_det = self._transform.call_and_ladj(x)
        return y, log_det

    def _back(self, y: Tensor) -> tuple[Tensor, Tensor]:
        x = self._transform.inv(y)
        # The network once more, at x: the passes of the inverse saw x only in part.
        _, log_det = self._transform.call_and_ladj(x)
        return x, -log_det

    def push(self, u: Tensor) -> tuple[Tensor, Tensor]:
        """The image, and log|det J|."""
        return self._back(u) if self._inverted else self._there(u)

    def pull(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """The inverse image, and log|det| of the inverse."""
        return self._there(z) if self._inverted else self._back(z)

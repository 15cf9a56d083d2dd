"""Our networks as models of pythae's, with the noise given by hand.

pythae stands apart from the environment, because it asks for `dataclasses`, a copy of what Python has had since 3.7:
`make peers` installs it, and the environment variable LATENTIA_PYTHAE names the folder.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import pytest
import torch
from torch import Tensor

from latentia.model import VAE
from tests.peers.small_vae import LATENT, PIXELS, moments

FOLDER = os.environ.get("LATENTIA_PYTHAE")
if not FOLDER:
    pytest.skip("compares with pythae, in a folder that LATENTIA_PYTHAE names: make peers", allow_module_level=True)
if FOLDER not in sys.path:  # behind everything else, so that it covers nothing
    sys.path.append(FOLDER)

models: Any = importlib.import_module("pythae.models")
networks: Any = importlib.import_module("pythae.models.nn")
flows: Any = importlib.import_module("pythae.models.normalizing_flows")
ModelOutput: Any = importlib.import_module("pythae.models.base.base_utils").ModelOutput


class Encoder(networks.BaseEncoder):  # type: ignore[misc] # pythae is untyped
    """Mean and log-variance of our diagonal Gaussian posterior, or the code of a point mass."""

    def __init__(self, ours: VAE) -> None:
        super().__init__()
        self.ours = ours

    def forward(self, x: Tensor) -> Any:
        loc, scale = moments(self.ours, x)
        return ModelOutput(embedding=loc, log_covariance=2 * scale.log())


class Decoder(networks.BaseDecoder):  # type: ignore[misc] # pythae is untyped
    """Our mean of p(x|z): probabilities, or the Gaussian's location."""

    def __init__(self, ours: VAE) -> None:
        super().__init__()
        self.ours = ours

    def forward(self, z: Tensor) -> Any:
        return ModelOutput(reconstruction=self.ours.px(z.unsqueeze(0)).mean.squeeze(0))


class Critic(networks.BaseDiscriminator):  # type: ignore[misc] # pythae is untyped
    """A critic of ours as probabilities, in float32 as pythae's labels; its features are the first and only layer."""

    def __init__(self, ours: Any) -> None:
        super().__init__()
        self.ours, self.depth = ours, 1

    def forward(self, x: Tensor, output_layer_levels: Any = None) -> Any:
        if output_layer_levels is not None:
            return {"embedding_layer_1": self.ours.features(x)}
        return ModelOutput(embedding=torch.sigmoid(self.ours(x)).float())


def theirs(name: str, ours: VAE, eps: Tensor | None = None, encoder: Any = None, **options: Any) -> Any:
    """A model of pythae's with our networks.

    Args:
        name: Of its class.
        ours: The networks.
        eps: The noise of its draws, in the shape in which it draws.
        encoder: In place of ours.
        **options: Of its configuration.
    """
    config_name = next(each for each in (f"{name}Config", f"{name}_Config") if hasattr(models, each))
    config = getattr(models, config_name)(input_dim=(PIXELS,), latent_dim=LATENT, **options)
    model = getattr(models, name)(config, encoder=encoder or Encoder(ours), decoder=Decoder(ours)).double()
    if eps is not None:
        model._sample_gauss = lambda loc, scale: (loc + scale * eps, eps)
    return model


def losses(model: Any, x: Tensor, **options: Any) -> Any:
    """What it makes of a batch."""
    return model({"data": x}, **options)

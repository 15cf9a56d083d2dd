"""The latent variables: groups, the walk over them, and the trace that it leaves."""

from latentia.latents.bottom_up import BottomUp
from latentia.latents.draw import Draw, Given, Group, Latents
from latentia.latents.group import LatentGroup, WithState
from latentia.latents.top_down import TopDown
from latentia.latents.trace import Trace

__all__ = ["BottomUp", "Draw", "Given", "Group", "LatentGroup", "Latents", "TopDown", "Trace", "WithState"]

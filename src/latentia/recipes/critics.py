"""The second players that recipes bring."""

from __future__ import annotations

from latentia.data.spec import DataSpec
from latentia.model import VAE
from latentia.nets import MLP, ConvEncoder, Critic
from latentia.recipes.compose import check_dims, convolutional
from latentia.recipes.parts import Parts


def critic_of_codes(model: VAE, hidden: tuple[int, ...]) -> Critic:
    """An MLP over the codes of a flat model.

    Args:
        model: With a single group.
        hidden: Widths of its layers, at least one.

    Returns:
        The critic.
    """
    check_dims(critic_hidden=hidden or (0,))
    *inner, last = hidden
    (group,) = model.latents.groups
    return Critic(MLP((group.event_shape.numel(),), (last,), inner, nonlinearity="silu", final=True), last)


def critic_of_data(data: DataSpec, parts: Parts, hidden: tuple[int, ...]) -> Critic:
    """A critic over x: convolutions where the model has them, else an MLP.

    Args:
        data: What the data are.
        parts: Which network the model has, and how wide its convolutions are.
        hidden: Widths of the MLP's layers, at least one; the last is the number of features of either.

    Returns:
        The critic.
    """
    check_dims(critic_hidden=hidden or (0,))
    *inner, last = hidden
    if convolutional(data, parts):
        return Critic(ConvEncoder(data.shape, last, width=parts.width, blocks=parts.blocks), last)
    return Critic(MLP(data.shape, (last,), inner, nonlinearity="silu", norm=True, final=True), last)

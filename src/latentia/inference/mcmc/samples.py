"""What a sampler returns: the draws, how each was made, and what can be said of them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from latentia.errors import CompatibilityError
from latentia.inference.mcmc import diagnostics
from latentia.inference.mcmc.summary import Conduct, Summary, summarise
from latentia.inference.parameters import Parameters, Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Draws of C chains, S each, after the warm-up.

    Attributes:
        draws: Unconstrained positions, `[C, S, D]`.
        log_prob: The log-density there, `[C, S]`.
        energy: The Hamiltonian at each draw, `[C, S]`.
        divergent: Whether the numerical solution was lost on the way, `[C, S]`.
        acceptance: Mean probability of acceptance along each trajectory, `[C, S]`.
        leapfrogs: Gradients that each draw took, `[C, S]`.
        depth: Doublings of each trajectory, `[C, S]`; 0 for HMC.
        step_size: `[C]`.
        max_tree_depth: The most doublings allowed; None for HMC.
        parameters: What the coordinates stand for, if they have names.
        groups: Targets; consecutive C / groups chains share one.
    """

    draws: Tensor
    log_prob: Tensor
    energy: Tensor
    divergent: Tensor
    acceptance: Tensor
    leapfrogs: Tensor
    depth: Tensor
    step_size: Tensor
    max_tree_depth: int | None = None
    parameters: Parameters | None = None
    groups: int = 1

    @property
    def values(self) -> Values:
        """Constrained parameters by name, each `[C, S, *shape]`.

        Raises:
            CompatibilityError: The draws are plain vectors without names.
        """
        if self.parameters is None:
            raise CompatibilityError(
                "these draws are plain vectors without names; take `draws`, or sample with `sample_parameters`"
            )
        return self.parameters.constrain(self.draws)[0]

    def columns(self) -> tuple[tuple[str, ...], Tensor]:
        """A name for every number of a draw, in the parameters' own units, and the numbers.

        Returns:
            P names, and `[C, S, P]`.
        """
        if self.parameters is None:
            return tuple(f"theta[{i}]" for i in range(self.draws.shape[-1])), self.draws
        names: list[str] = []
        for name, parameter in self.parameters.layout.items():
            places = torch.ones(parameter.shape).nonzero().tolist() if parameter.shape else [[]]
            names += [f"{name}[{','.join(map(str, place))}]" if place else name for place in places]
        return tuple(names), torch.cat(
            [value.flatten(2) if value.dim() > 2 else value[..., None] for value in self.values.values()], dim=-1
        )

    def bfmi(self) -> Tensor:
        """Energy diagnostic of each chain, `[C]`: see `diagnostics.bfmi`."""
        return diagnostics.bfmi(self.energy)

    def summary(self) -> Summary:
        """Means, quantiles, errors and diagnostics of every number of a draw, and a verdict in words.

        Returns:
            A table; `print` it.

        Raises:
            CompatibilityError: Fewer draws than a diagnosis needs, or chains of several targets.
        """
        if self.groups > 1:
            raise CompatibilityError(
                f"these are draws of {self.groups} targets, which one table cannot describe; take each target's own "
                "chains, draws[g * C // groups : (g + 1) * C // groups], to latentia.inference.mcmc.diagnostics"
            )
        names, columns = self.columns()
        saturated = 0 if self.max_tree_depth is None else int((self.depth >= self.max_tree_depth).sum())
        return summarise(names, columns, Conduct(int(self.divergent.sum()), float(self.bfmi().min()), saturated))

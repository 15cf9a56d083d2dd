"""A table of what was drawn, and a verdict in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from latentia.inference.mcmc import diagnostics

RHAT, ESS, BFMI = 1.01, 400.0, 0.3
"""What is asked of a sample: R-hat below, effective draws above (Vehtari and others, 2021), E-BFMI above."""
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Conduct:
    """How the sampler went about it.

    Attributes:
        divergences: Draws whose trajectory was lost numerically.
        bfmi: The smallest E-BFMI of a chain.
        saturated: Draws whose trajectory was cut off at the greatest depth.
    """

    divergences: int
    bfmi: float
    saturated: int


@dataclass(frozen=True, slots=True)
class Row:
    """One number of a draw: its distribution in the units of the parameter, and its diagnostics."""

    name: str
    mean: float
    std: float
    mcse_mean: float
    mcse_std: float
    q5: float
    median: float
    q95: float
    ess_bulk: float
    ess_tail: float
    rhat: float

    @property
    def constant(self) -> bool:
        """Whether it never moves, as the ones on the diagonal of a correlation's root."""
        return self.std == 0.0


@dataclass(frozen=True, slots=True)
class Summary:
    """A row for every number, and what the whole is worth.

    Attributes:
        rows: In the order of the parameters.
        chains: C.
        draws: S, of each chain.
        conduct: How the sampler went about it.
    """

    rows: Sequence[Row]
    chains: int
    draws: int
    conduct: Conduct

    @property
    def problems(self) -> tuple[str, ...]:
        """What speaks against using the draws, each with what to do; nothing if they are fine."""
        moving = [row for row in self.rows if not row.constant]
        found: list[str] = []
        if self.chains == 1:
            found.append("a single chain cannot disagree with another: run four or more from different places")
        apart = sorted((row for row in moving if not row.rhat < RHAT), key=lambda row: -row.rhat)
        if apart:
            found.append(
                f"the chains disagree about {_named(apart)} (R-hat up to {apart[0].rhat:.3f}, below {RHAT} is asked): "
                "run longer, or look whether the posterior has several modes"
            )
        few = sorted(
            (row for row in moving if not min(row.ess_bulk, row.ess_tail) > ESS),
            key=lambda row: min(row.ess_bulk, row.ess_tail),
        )
        if few:
            least = min(few[0].ess_bulk, few[0].ess_tail)
            found.append(f"too few effective draws for {_named(few)} ({least:.0f}; more than {ESS:.0f} are asked): "
                         "draw more")  # fmt: skip
        if self.conduct.divergences:
            found.append(
                f"{self.conduct.divergences} of {self.chains * self.draws} trajectories diverged, so that a narrow "
                "region may be missing: raise target_accept, or centre and scale the parameters another way"
            )
        if self.conduct.bfmi < BFMI:
            found.append(
                f"energies are explored slowly (E-BFMI {self.conduct.bfmi:.2f}, above {BFMI} is asked): the tails are "
                "heavy; parameterise them another way"
            )
        if self.conduct.saturated:
            found.append(
                f"{self.conduct.saturated} trajectories were cut off at the greatest depth: the draws are right but "
                "slow; raise max_tree_depth or use mass='dense'"
            )
        return tuple(found)

    @property
    def converged(self) -> bool:
        """Whether nothing speaks against using the draws."""
        return not self.problems

    @property
    def verdict(self) -> str:
        """A sentence, or one for each problem."""
        if self.problems:
            return "Not yet: " + "; ".join(self.problems) + "."
        moving = [row for row in self.rows if not row.constant]
        largest = max((row.rhat for row in moving), default=1.0)
        least = min((min(row.ess_bulk, row.ess_tail) for row in moving), default=float("nan"))
        return (
            f"Converged: {self.chains} chains agree (R-hat at most {largest:.3f}), the draws are worth at least "
            f"{least:.0f} independent ones, and no trajectory diverged."
        )

    def __str__(self) -> str:
        """The table and the verdict."""
        width = max([len(row.name) for row in self.rows] + [4])
        titles = ("mean", "std", "mcse", "5%", "50%", "95%", "bulk ESS", "tail ESS", "R-hat")
        lines = [" " * width + "".join(f"{title:>10}" for title in titles)]
        for row in self.rows:
            numbers = (row.mean, row.std, row.mcse_mean, row.q5, row.median, row.q95)
            lines.append(
                f"{row.name:<{width}}" + "".join(f"{number:>10.4g}" for number in numbers)
                + f"{row.ess_bulk:>10.0f}{row.ess_tail:>10.0f}{row.rhat:>10.3f}"
            )  # fmt: skip
        return "\n".join([*lines, self.verdict])


def summarise(names: Sequence[str], draws: Tensor, conduct: Conduct) -> Summary:
    """A table of draws.

    Args:
        names: P of them.
        draws: `[C, S, P]`.
        conduct: How the sampler went about it.

    Returns:
        The summary.
    """
    flat = draws.double().flatten(0, 1)
    levels = torch.tensor([0.05, 0.5, 0.95], dtype=torch.float64, device=draws.device)
    columns = torch.stack(
        [
            flat.mean(0),
            flat.std(0),
            diagnostics.mcse_mean(draws),
            diagnostics.mcse_std(draws),
            *flat.quantile(levels, dim=0),
            diagnostics.ess_bulk(draws),
            diagnostics.ess_tail(draws),
            diagnostics.rhat(draws),
        ],
        dim=1,
    )
    rows = [Row(name, *numbers) for name, numbers in zip(names, columns.tolist(), strict=True)]
    return Summary(rows, draws.shape[0], draws.shape[1], conduct)


def _named(rows: Sequence[Row]) -> str:
    rest = len(rows) - _NAMED
    return ", ".join(row.name for row in rows[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")

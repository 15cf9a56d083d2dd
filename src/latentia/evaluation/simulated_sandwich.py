"""Log p(x) from both sides, on data that the model simulates: how far annealing can be off."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch

from latentia.data.source import Source
from latentia.data_model import DataModel, evaluating, seeded
from latentia.errors import ConfigurationError
from latentia.evaluation.annealed import rows_at_once
from latentia.evaluation.blocks import stream
from latentia.evaluation.evidence import units_of
from latentia.evaluation.latent_health import rms_error, standard_error
from latentia.evaluation.log_likelihood import require_density
from latentia.evaluation.path_ends import FlatStart, only_real_group, simulated, still
from latentia.inference.ais import bidirectional
from latentia.inference.vae_posterior import vae_log_joint


@dataclass(frozen=True, slots=True, kw_only=True)
class SandwichEvidence:
    """Log p(x) of data that the model simulates, from both sides, in nats of the data in their own units.

    Attributes:
        lower: Mean of the chains from q0: at most log p(x) in expectation.
        lower_se: Its standard error over chains.
        upper: Mean of the chains back from exact posterior samples: at least log p(x) in expectation.
        upper_se: Its standard error over chains.
        gap: Upper minus lower; what annealing at this number of temperatures can be off by on such data.
        gap_se: Its standard error over rows.
        num_chains: K in either direction.
        num_temperatures: T.
        leapfrogs: Steps of each move.
        num_examples: Simulated rows.
        seed: Of all noise.
        units: What one nat is of.
        verdict: How well log p(x) is known, in words.
    """

    lower: float
    lower_se: float
    upper: float
    upper_se: float
    gap: float
    gap_se: float | None
    num_chains: int
    num_temperatures: int
    leapfrogs: int
    num_examples: int
    seed: int
    units: str
    verdict: str

    def to_dict(self) -> dict[str, Any]:
        """A plain dictionary, ready for JSON."""
        return asdict(self)


def sandwich(
    model: DataModel,
    *,
    seed: int = 0,
    num_rows: int = 100,
    num_chains: int = 16,
    num_temperatures: int = 1000,
    leapfrogs: int = 10,
) -> SandwichEvidence:
    """Bracket log p(x) on rows that the model simulates: the z behind a row is an exact sample of its posterior.

    The width tells by how much annealing, and any bound below it, can miss on data of this kind.

    Args:
        model: With one group of real latent variables and densities.
        seed: Of all noise.
        num_rows: N, how many to simulate.
        num_chains: K, in either direction.
        num_temperatures: T; the sandwich narrows as 1 / T.
        leapfrogs: Steps of each move.

    Returns:
        The sandwich.

    Raises:
        CompatibilityError: Several groups, latent variables that are not real, no densities, or a likelihood that
            needs something of x to be drawn from.
        ConfigurationError: A number out of its range.

    References:
        Grosse, Ghahramani, Adams, 2015, arXiv:1511.02543.
    """
    require_density(model)
    group = only_real_group(model.vae, "prior")
    if num_rows < 1:
        raise ConfigurationError(f"{num_rows} rows were asked for; give at least 1")
    vae, low, high = still(model.vae), [], []
    step = rows_at_once(model, num_chains)
    with evaluating(vae):
        for number, first in enumerate(range(0, num_rows, step)):
            size = min(step, num_rows - first)
            with torch.no_grad(), seeded(stream(seed, "simulation", number), model.device):
                z, x, p = simulated(vae, size)
            run = bidirectional(
                vae_log_joint(vae, x), FlatStart(p, size, group.event_shape), z, num_chains=num_chains,
                num_temperatures=num_temperatures, leapfrogs=leapfrogs, seed=stream(seed, "sandwich", number) >> 1,
            )  # fmt: skip
            low.append(run.lower.log_weights.double().cpu())
            high.append(run.upper.log_weights.double().cpu())
    lower, upper = torch.cat(low, 1), torch.cat(high, 1)
    gaps, offset = (upper.mean(0) - lower.mean(0)), model.preparation.log_scale
    gap, error = float(gaps.mean()), standard_error(gaps)
    within = [rms_error(each.std(0) / num_chains**0.5) if num_chains > 1 else 0.0 for each in (lower, upper)]
    return SandwichEvidence(
        lower=float(lower.mean()) + offset,
        lower_se=within[0],
        upper=float(upper.mean()) + offset,
        upper_se=within[1],
        gap=gap,
        gap_se=error,
        num_chains=num_chains,
        num_temperatures=num_temperatures,
        leapfrogs=leapfrogs,
        num_examples=num_rows,
        seed=seed,
        units=units_of(model),
        verdict=f"log p(x) of rows that the model simulates is known to {max(gap, 0):.2g} nats"
        + ("" if gap < 1 else "; more temperatures would narrow that"),
    )


def simulated_sandwich(
    model: DataModel, source: Source, *, seed: int = 0, num_rows: int = 100, num_temperatures: int = 1000
) -> SandwichEvidence:
    """`sandwich` in the shape of the other metrics.

    Args:
        model: The model.
        source: Bounds the number of rows from above, and has no other part in it.
        seed: Of all noise.
        num_rows: How many to simulate at most.
        num_temperatures: T.

    Returns:
        The sandwich.

    Raises:
        CompatibilityError: As in `sandwich`.
        ConfigurationError: A number out of its range.
    """
    return sandwich(model, seed=seed, num_rows=min(num_rows, len(source)), num_temperatures=num_temperatures)

"""Log p(x) of a trained model by annealed importance sampling."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from latentia.data.source import Source
from latentia.data_model import DataModel, evaluating
from latentia.errors import ConfigurationError
from latentia.evaluation.blocks import blocks, some_rows, stream
from latentia.evaluation.evidence import units_of
from latentia.evaluation.latent_health import rms_error, standard_error
from latentia.evaluation.log_likelihood import require_density
from latentia.evaluation.path_ends import FlatStart, only_real_group, still
from latentia.evaluation.portions import portions
from latentia.evaluation.weights import log_mean_error
from latentia.inference.ais import annealed
from latentia.inference.vae_posterior import vae_log_joint

Start = Literal["prior", "posterior"]
"""Where chains start: draws of p(z), or of q(z|x)."""
_GRADIENTS = 4
"""A gradient keeps about so many times what decoding alone does."""


@dataclass(frozen=True, slots=True)
class AnnealedRows:
    """What annealing found of each row, on the CPU in float64 and in the data's units.

    Attributes:
        log_likelihood: log of the mean weight of the K chains, `[N]`; at most log p(x) in expectation.
        bound: Mean log-weight, `[N]`; a lower bound that no luck with a single chain can lift.
        error: Standard error of `log_likelihood` over chains, `[N]`.
        ess: Effective chains, `[N]`, between 1 and K.
        acceptance: Mean rate of acceptance of the moves, `[N]`.
    """

    log_likelihood: Tensor
    bound: Tensor
    error: Tensor
    ess: Tensor
    acceptance: Tensor


def annealed_log_likelihood(
    model: DataModel,
    source: Source,
    *,
    num_chains: int = 16,
    num_temperatures: int = 1000,
    leapfrogs: int = 10,
    start: Start = "prior",
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> AnnealedRows:
    r"""Log p(x) of every row by chains of Hamiltonian Monte Carlo from p(z) or q(z|x) to p(x, z).

    The weight of a chain has the mean p(x), whatever the model and however good its q: where \(\hat k\) says that the
    importance estimate cannot be trusted, this one still can. Grey data are binarised as by `log_likelihood` at the
    same seed, so that rows compare one by one.

    Args:
        model: With one group of real latent variables and densities.
        source: The rows; the cost is that of `num_chains * num_temperatures * leapfrogs` gradients for each.
        num_chains: K, of each row.
        num_temperatures: T.
        leapfrogs: Steps of each move.
        start: `prior`, which makes no assumption about q, or `posterior`, which is nearer.
        seed: Of all noise.
        progress: Called with (rows done, rows in all).

    Returns:
        N rows.

    Raises:
        CompatibilityError: Several groups, latent variables that are not real, or no densities.
        ConfigurationError: A number out of its range.

    References:
        Neal, 2001, doi:10.1023/A:1008923215028; Wu, Burda, Salakhutdinov, Grosse, 2017, arXiv:1611.04273.
    """
    require_density(model)
    group = only_real_group(model.vae, start)
    vae, found, done = still(model.vae), [], 0
    with evaluating(vae):
        for number, block in enumerate(blocks(model, source, rows_at_once(model, num_chains), seed=seed)):
            with torch.no_grad():
                ends = vae.latents.infer(vae.encoder(block.x))
            q0 = FlatStart((ends.p if start == "prior" else ends.q)[0], len(block.x), group.event_shape)
            run = annealed(
                vae_log_joint(vae, block.x), q0, len(block.x), num_chains=num_chains, leapfrogs=leapfrogs,
                num_temperatures=num_temperatures, seed=stream(seed, "annealing", number) >> 1,
            )  # fmt: skip
            estimate, bound, ess, rate = (
                each.double().cpu() for each in (run.estimate, run.bound, run.ess, run.acceptance)
            )
            error = log_mean_error(ess, num_chains)
            found.append((estimate + block.offset, bound + block.offset, error, ess, rate))
            done += len(block.x)
            if progress is not None:
                progress(done, len(source))
    return AnnealedRows(*(torch.cat(each) for each in zip(*found, strict=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnealedEvidence:
    """Log p(x) by annealing, in nats of the data in their own units.

    Attributes:
        log_likelihood: Mean over rows of the log of the mean weight; at most log p(x) in expectation.
        log_likelihood_se: Its standard error over rows.
        log_likelihood_mc_se: The part of it that the number of chains brings in.
        bound: Mean over rows of the mean log-weight.
        ess: Mean number of effective chains.
        acceptance: Mean rate of acceptance.
        num_chains: K.
        num_temperatures: T.
        leapfrogs: Steps of each move.
        start: Where the chains started.
        num_examples: Rows, evenly spaced over the split.
        seed: Of all noise.
        units: What one nat is of.
        verdict: Whether to trust it, in words.
    """

    log_likelihood: float
    log_likelihood_se: float | None
    log_likelihood_mc_se: float
    bound: float
    ess: float
    acceptance: float
    num_chains: int
    num_temperatures: int
    leapfrogs: int
    start: Start
    num_examples: int
    seed: int
    units: str
    verdict: str

    def to_dict(self) -> dict[str, Any]:
        """A plain dictionary, ready for JSON."""
        return asdict(self)


def annealed_evidence(
    model: DataModel,
    source: Source,
    *,
    seed: int = 0,
    num_rows: int | None = 100,
    num_chains: int = 16,
    num_temperatures: int = 1000,
    leapfrogs: int = 10,
    start: Start = "prior",
    progress: Callable[[int, int], None] | None = None,
) -> AnnealedEvidence:
    """Mean log p(x) over evenly spaced rows, see `annealed_log_likelihood`.

    Args:
        model: With one group of real latent variables and densities.
        source: The split.
        seed: Of all noise.
        num_rows: How many rows at most; None for all.
        num_chains: K.
        num_temperatures: T.
        leapfrogs: Steps of each move.
        start: Where the chains start.
        progress: Called with (rows done, rows in all).

    Returns:
        The evidence.

    Raises:
        CompatibilityError: Several groups, latent variables that are not real, or no densities.
        ConfigurationError: A number out of its range.
    """
    rows = annealed_log_likelihood(
        model, some_rows(source, num_rows), num_chains=num_chains, num_temperatures=num_temperatures,
        leapfrogs=leapfrogs, start=start, seed=seed, progress=progress,
    )  # fmt: skip
    ess, rate, bias = float(rows.ess.mean()), float(rows.acceptance.mean()), rows.log_likelihood - rows.bound
    return AnnealedEvidence(
        log_likelihood=float(rows.log_likelihood.mean()),
        log_likelihood_se=standard_error(rows.log_likelihood),
        log_likelihood_mc_se=rms_error(rows.error),
        bound=float(rows.bound.mean()),
        ess=ess,
        acceptance=rate,
        num_chains=num_chains,
        num_temperatures=num_temperatures,
        leapfrogs=leapfrogs,
        start=start,
        num_examples=len(rows.bound),
        seed=seed,
        units=units_of(model),
        verdict=_verdict(ess / num_chains, rate, float(bias.mean())),
    )


def _verdict(even: float, rate: float, bias: float) -> str:
    if not 0.3 < rate < 0.98:
        return (
            f"do not trust it: {rate:.0%} of the moves were accepted, so the chains hardly explored; "
            "take more temperatures"
        )
    if even < 0.25:
        return f"too low: few chains carry the weight ({even:.0%} effective); take more temperatures or chains"
    return f"can be trusted: the weights of the chains are even ({even:.0%} effective), {bias:.2g} nats above the bound"


def rows_at_once(model: DataModel, num_chains: int) -> int:
    """Rows whose chains move together: a gradient keeps some times what decoding alone does.

    Args:
        model: The model.
        num_chains: K, of each row.

    Returns:
        At least 1.

    Raises:
        ConfigurationError: No chains.
    """
    if num_chains < 1:
        raise ConfigurationError(f"num_chains is {num_chains}; give at least 1, 16 are usual")
    return max(1, portions(model, num_chains).rows // _GRADIENTS)

r"""Where the ELBO falls short of log p(x): what the family of q cannot express, and what the encoder does not reach.

\(\log p(x) - ELBO(q) = [\log p(x) - ELBO(q^*)] + [ELBO(q^*) - ELBO(q)]\), the approximation and the amortisation gap.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from latentia import bounds
from latentia.conditionals import Need
from latentia.data.source import Source
from latentia.data_model import DataModel, evaluating, seeded
from latentia.errors import CompatibilityError, ConfigurationError
from latentia.evaluation.annealed import annealed_log_likelihood
from latentia.evaluation.blocks import blocks, some_rows, stream
from latentia.evaluation.evidence import units_of
from latentia.evaluation.latent_health import standard_error
from latentia.evaluation.local_posterior import Traced, amortised, optimised
from latentia.evaluation.log_likelihood import require_density
from latentia.evaluation.path_ends import still
from latentia.evaluation.portions import portions
from latentia.evaluation.weights import RunningWeights, heavy_share

Reference = Literal["iwae", "ais"]
"""What stands for log p(x): the importance estimate with draws from q*, or annealing."""


@dataclass(frozen=True, slots=True)
class GapRows:
    """Of each row, on the CPU in float64, in nats of the data in their own units.

    Attributes:
        log_likelihood: What stands for log p(x), `[N]`.
        k_hat: Shape of the tail of the importance weights under q*, `[N]`; inf where that is not what stands for it.
        elbo: Of the encoder's q, `[N]`.
        best_elbo: Of the best q of its family, `[N]`.
        family: What was free in the search for it.
    """

    log_likelihood: Tensor
    k_hat: Tensor
    elbo: Tensor
    best_elbo: Tensor
    family: str

    @property
    def approximation(self) -> Tensor:
        """Log p(x) - ELBO(q*), `[N]`: KL(q* || p(z|x))."""
        return self.log_likelihood - self.best_elbo

    @property
    def amortisation(self) -> Tensor:
        """ELBO(q*) - ELBO(q), `[N]`."""
        return self.best_elbo - self.elbo

    @property
    def total(self) -> Tensor:
        """Log p(x) - ELBO(q), `[N]`: KL(q || p(z|x))."""
        return self.log_likelihood - self.elbo


def gap_rows(
    model: DataModel,
    source: Source,
    *,
    reference: Reference = "iwae",
    num_samples: int = 5000,
    steps: int = 500,
    elbo_samples: int = 1000,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> GapRows:
    """Both gaps of every row, by local optimisation of q from the encoder's output.

    Args:
        model: With densities and a posterior whose samples are differentiable.
        source: The rows.
        reference: `iwae`, the importance estimate with draws from q* (nearer to the posterior than q), or `ais`
            (16 chains, 1,000 temperatures).
        num_samples: K of the importance estimate.
        steps: Of the optimisation.
        elbo_samples: Samples that measure either ELBO, drawn anew after the optimisation.
        seed: Of all noise.
        progress: Called with (rows done, rows in all).

    Returns:
        N rows.

    Raises:
        CompatibilityError: No densities, no gradients through samples, or (for `ais`) chains that cannot move.
        ConfigurationError: A number out of its range.

    References:
        Cremer, Li, Duvenaud, Inference suboptimality in variational autoencoders, 2018, arXiv:1801.03558.
    """
    require_density(model)
    if Need.REPARAMETERISED not in model.vae.provides:
        raise CompatibilityError(
            "the posterior's samples are not differentiable (discrete or hard codes), so there is no ascent to the "
            "best q; take a model with continuous latent variables, such as vae"
        )
    for name, number in (("steps", steps), ("elbo_samples", elbo_samples), ("num_samples", num_samples)):
        if number < 1:
            raise ConfigurationError(f"{name} is {number}; give at least 1")
    vae, family, done = still(model.vae), "", 0
    plain: list[Tensor] = []
    best: list[Tensor] = []
    weighed: list[tuple[Tensor, Tensor]] = []
    portion = portions(model, min(elbo_samples, 64))
    with evaluating(vae), seeded(stream(seed, "gaps"), model.device):
        for block in blocks(model, source, portion.rows, seed=seed):
            found = optimised(vae, block.x, steps=steps)
            family = found.family
            with torch.no_grad():
                for trace, into in ((amortised(vae, block.x), plain), (found.trace, best)):
                    into.append(_elbo(trace, elbo_samples, portion.samples) + block.offset)
                if reference == "iwae":
                    weights = _weights(found.trace, num_samples, portion.samples)
                    weighed.append((weights.log_mean + block.offset, weights.k_hat))
            done += len(block.x)
            if progress is not None:
                progress(done, len(source))
    if reference == "ais":
        truth = annealed_log_likelihood(model, source, seed=seed).log_likelihood
        return GapRows(truth, torch.full_like(truth, math.inf), torch.cat(plain), torch.cat(best), family)
    truth, k_hat = (torch.cat(each) for each in zip(*weighed, strict=True))
    return GapRows(truth, k_hat, torch.cat(plain), torch.cat(best), family)


def _elbo(trace: Traced, num_samples: int, chunk: int) -> Tensor:
    total = torch.zeros((), dtype=torch.float64)
    for start in range(0, num_samples, chunk):
        size = min(chunk, num_samples - start)
        total = total + bounds.elbo(trace(size)).double().cpu() * (size / num_samples)
    return total


def _weights(trace: Traced, num_samples: int, chunk: int) -> RunningWeights:
    weights = RunningWeights(num_samples)
    for start in range(0, num_samples, chunk):
        weights.add(trace(min(chunk, num_samples - start)).log_w)
    return weights


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceGaps:
    """Means over rows, in nats of the data in their own units, each with its standard error over rows.

    Attributes:
        log_likelihood: What stands for log p(x); its own shortfall is missing from the approximation gap.
        log_likelihood_se: Its standard error.
        k_hat_high: Share of rows for which the importance estimate is not to be trusted; None for `ais`.
        best_elbo: ELBO of the best q of the family for each row.
        best_elbo_se: Its standard error.
        elbo: ELBO of the encoder's q.
        elbo_se: Its standard error.
        approximation: log p(x) - ELBO(q*): what a richer family would win.
        approximation_se: Its standard error.
        amortisation: ELBO(q*) - ELBO(q): what a better encoder would win.
        amortisation_se: Its standard error.
        total: Both together.
        total_se: Its standard error.
        family: What was free in the search for q*.
        reference: What stands for log p(x).
        num_samples: K, where that is the importance estimate.
        steps: Of the optimisation.
        num_examples: Rows, evenly spaced over the split.
        seed: Of all noise.
        units: What one nat is of.
        verdict: Which of the two to mend, in words.
    """

    log_likelihood: float
    log_likelihood_se: float | None
    k_hat_high: float | None
    best_elbo: float
    best_elbo_se: float | None
    elbo: float
    elbo_se: float | None
    approximation: float
    approximation_se: float | None
    amortisation: float
    amortisation_se: float | None
    total: float
    total_se: float | None
    family: str
    reference: Reference
    num_samples: int | None
    steps: int
    num_examples: int
    seed: int
    units: str
    verdict: str

    def to_dict(self) -> dict[str, Any]:
        """A plain dictionary, ready for JSON."""
        return asdict(self)


def inference_gaps(
    model: DataModel,
    source: Source,
    *,
    seed: int = 0,
    num_rows: int | None = 100,
    reference: Reference = "iwae",
    num_samples: int = 5000,
    steps: int = 500,
    progress: Callable[[int, int], None] | None = None,
) -> InferenceGaps:
    """Mean gaps over evenly spaced rows, see `gap_rows`.

    Args:
        model: With densities and a posterior whose samples are differentiable.
        source: The split.
        seed: Of all noise.
        num_rows: How many rows at most; None for all.
        reference: What stands for log p(x).
        num_samples: K of the importance estimate.
        steps: Of the optimisation.
        progress: Called with (rows done, rows in all).

    Returns:
        The gaps.

    Raises:
        CompatibilityError: See `gap_rows`.
        ConfigurationError: A number out of its range.
    """
    rows = gap_rows(
        model, some_rows(source, num_rows), reference=reference, num_samples=num_samples, steps=steps, seed=seed,
        progress=progress,
    )  # fmt: skip
    names = ("log_likelihood", "best_elbo", "elbo", "approximation", "amortisation", "total")
    values: dict[str, Any] = {}
    for name in names:
        each = getattr(rows, name)
        values |= {name: float(each.mean()), f"{name}_se": standard_error(each)}
    return InferenceGaps(
        **values,
        k_hat_high=heavy_share(rows.k_hat),
        family=rows.family,
        reference=reference,
        num_samples=num_samples if reference == "iwae" else None,
        steps=steps,
        num_examples=len(rows.elbo),
        seed=seed,
        units=units_of(model),
        verdict=_verdict(values["approximation"], values["amortisation"], values["total_se"] or 0.0),
    )


def _verdict(approximation: float, amortisation: float, error: float) -> str:
    if approximation + amortisation < max(0.1, 2 * error):
        return "the posterior is as good as exact: there is next to no gap to close"
    if amortisation > approximation:
        return "most of the gap is the encoder's: try a larger encoder, longer training, or fewer rows to a step"
    return "most of the gap is the family's: try a richer posterior (a flow, full covariance) or importance weighting"

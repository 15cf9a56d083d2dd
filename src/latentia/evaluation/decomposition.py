r"""What the KL is spent on, over all rows: index-code information, total correlation, and the single dimensions.

\(E_x KL(q(z|x) \| p(z)) = I_q(x; z) + KL(q(z) \| p(z))\) with \(q(z) = \frac1N \sum_n q(z|x_n)\), and
\(KL(q(z) \| p(z)) = KL(q(z) \| \prod_j q(z_j)) + \sum_j KL(q(z_j) \| p(z_j))\).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution

from latentia import bounds
from latentia.conditionals import Need
from latentia.data.source import Source
from latentia.data_model import DataModel, evaluating, seeded
from latentia.errors import CompatibilityError, ConfigurationError
from latentia.evaluation.blocks import READ, blocks, stream
from latentia.evaluation.latent_health import standard_error
from latentia.latents import Trace
from latentia.objectives.penalties import factors, log_mixture

_PAIRS = 2**22
"""Densities in memory at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KLDecomposition:
    r"""Means over rows, in nats, each with its standard error over rows.

    Attributes:
        kl: Mean of log q(z|x) - log p(z) over the draws: the sum of the three parts.
        kl_se: Its standard error.
        kl_closed: Mean KL in closed form, over all rows: `kl` without the noise of the draws.
        information: Index-code mutual information, \(I_q(x; z)\): at most ln N.
        information_se: Its standard error.
        marginal_kl: \(KL(q(z) \| p(z))\), the sum of the next two.
        marginal_kl_se: Its standard error.
        correlation: Total correlation of q(z).
        correlation_se: Its standard error.
        dimensions: \(\sum_j KL(q(z_j) \| p(z_j))\).
        dimensions_se: Its standard error.
        per_dimension: The terms of that sum, in order.
        correlation_gaussian: Total correlation of a Gaussian with the draws' correlations, which needs no density.
        ceiling: ln N.
        num_codes: Rows that were drawn for; q(z) is over all N.
        num_examples: N.
        seed: Of the draws.
        verdict: What it means, in words.
    """

    kl: float
    kl_se: float | None
    kl_closed: float
    information: float
    information_se: float | None
    marginal_kl: float
    marginal_kl_se: float | None
    correlation: float
    correlation_se: float | None
    dimensions: float
    dimensions_se: float | None
    per_dimension: tuple[float, ...]
    correlation_gaussian: float
    ceiling: float
    num_codes: int
    num_examples: int
    seed: int
    verdict: str

    def to_dict(self) -> dict[str, Any]:
        """A plain dictionary, ready for JSON."""
        return asdict(self)


def aggregate_log_density(q: Sequence[Distribution], z: Tensor) -> tuple[Tensor, Tensor]:
    r"""\(\log q(z)\) and \(\log q(z_j)\) of the mixture of all rows' posteriors, exact and in chunks.

    Args:
        q: The single dimensions of q(z|x) of some rows each, batch `[B', D]`; all together they are the mixture.
        z: `[M, *event]`.

    Returns:
        `[M]` and `[M, D]` float64, in nats.
    """
    total = sum(each.batch_shape[0] for each in q)
    weights = z.new_full((1, 1), -math.log(total))
    sums: tuple[Tensor, Tensor] | None = None
    for each in q:
        size = max(1, _PAIRS // (each.batch_shape[0] * z[0].numel()))
        found = [log_mixture(each, part[None], weights) for part in z.split(size)]
        joint, marginals = (torch.cat(parts, 1)[0].double() for parts in zip(*found, strict=True))
        if sums is None:
            sums = joint, marginals
        else:
            sums = torch.logaddexp(sums[0], joint), torch.logaddexp(sums[1], marginals)
    assert sums is not None, "a mixture has rows"
    return sums


def gaussian_total_correlation(z: Tensor) -> float:
    r"""Total correlation of a Gaussian with the codes' correlations R, \(-\frac12 \log\det R\).

    It needs no estimate of a density, and is zero exactly where codes are uncorrelated. Codes with no variance are left
    out.

    Args:
        z: Codes, `[N, D]`.

    Returns:
        Nats.

    >>> round(gaussian_total_correlation(torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])), 6)
    0.0
    """
    z = z.double()
    z = z[:, z.std(0) > 1e-6]
    if z.shape[1] < 2:
        return 0.0
    return float(-0.5 * torch.linalg.slogdet(torch.corrcoef(z.T)).logabsdet) + 0.0


def kl_decomposition(
    model: DataModel, source: Source, *, seed: int = 0, num_codes: int | None = 2000
) -> KLDecomposition:
    """Split the mean KL of a model over a split.

    q(z) is the mixture of the posteriors of all N rows, which are compared with one draw for each of `num_codes` evenly
    spaced ones: the cost is N times as many densities.

    Args:
        model: With one group of latent variables whose prior and posterior have independent dimensions.
        source: The split.
        seed: Of the draws.
        num_codes: Rows to draw for at most; None for all.

    Returns:
        The parts.

    Raises:
        CompatibilityError: Several groups, or dimensions that depend on one another given x.
        ConfigurationError: Fewer than one row to draw for.

    References:
        Hoffman, Johnson, ELBO surgery: yet another way to carve up the variational evidence lower bound, 2016; Chen,
        Li, Grosse, Duvenaud, 2018, arXiv:1802.04942.
    """
    _check(model, num_codes)
    posteriors: list[Distribution] = []
    drawn: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
    total = len(source)
    wanted = torch.arange(min(num_codes or total, total)) * total // min(num_codes or total, total)
    first = 0
    with torch.no_grad(), evaluating(model), seeded(stream(seed, "decomposition"), model.device):
        for block in blocks(model, source, READ, seed=seed):
            walk = model.vae.latents.infer(model.vae.encoder(block.x))
            q, p, z = factors(walk.q[0]), factors(walk.p[0]), walk.z[0]
            size = len(block.x)
            kl = bounds.divergence(Trace(block.x, walk, walk.p[0]))
            rows = (wanted[(wanted >= first) & (wanted < first + size)] - first).to(z.device)
            posterior, prior = q.log_prob(z).flatten(2).sum(2)[0], p.log_prob(z).flatten(2)[0]
            drawn.append((z[0, rows], posterior[rows].double(), prior[rows].double(), kl.double()))
            posteriors.append(q.expand(torch.Size([size]) + z.shape[2 : z.dim() - len(q.event_shape)]))
            first += size
        z, posterior, prior, kl = (torch.cat(each) for each in zip(*drawn, strict=True))
        joint, marginals = aggregate_log_density(posteriors, z)
    information, correlation = posterior - joint, joint - marginals.sum(1)
    each = marginals - prior
    parts = {
        "kl": posterior - prior.sum(1),
        "information": information,
        "marginal_kl": correlation + each.sum(1),
        "correlation": correlation,
        "dimensions": each.sum(1),
    }
    values: dict[str, Any] = {}
    for name, part in parts.items():
        values |= {name: float(part.mean()), f"{name}_se": standard_error(part.cpu())}
    return KLDecomposition(
        **values,
        kl_closed=float(kl.mean()),
        per_dimension=tuple(each.mean(0).tolist()),
        correlation_gaussian=gaussian_total_correlation(z.flatten(1)),
        ceiling=math.log(total),
        num_codes=len(z),
        num_examples=total,
        seed=seed,
        verdict=_verdict(values, math.log(total)),
    )


def _check(model: DataModel, num_codes: int | None) -> None:
    if num_codes is not None and num_codes < 1:
        raise ConfigurationError(f"num_codes is {num_codes}; give at least 1, or None for all rows")
    lacking = {Need.ONE_GROUP, Need.FACTORISED, Need.DENSITY, Need.EVALUABLE} - model.vae.provides
    if lacking:
        raise CompatibilityError(
            f"the KL of this model cannot be split: it lacks {', '.join(sorted(lacking))}; take a model with one group "
            "of latent variables, a posterior such as diagonal and a prior such as standard"
        )


def _verdict(values: dict[str, Any], ceiling: float) -> str:
    kl, information, marginal = (float(values[name]) for name in ("kl", "information", "marginal_kl"))
    if kl < 0.1:
        return "the code says nothing: the posterior has collapsed to the prior; lower beta or warm the KL up"
    if information > 0.98 * ceiling:
        return (
            f"the code tells all rows apart: information is at its ceiling ln N = {ceiling:.2f}, so with more rows it "
            "would be more, and the KL of the codes as a whole less than it seems"
        )
    told = f"{information:.2f} nats of the KL tell rows apart (at most ln N = {ceiling:.2f}); "
    if marginal > 0.25 * kl:
        return (
            f"{told}codes as a whole stray {marginal:.2f} nats from the prior, so samples of the prior miss them: "
            "try a learned prior, such as vamp or a flow"
        )
    return f"{told}codes as a whole follow the prior closely, so samples of the prior are of the data's kind"

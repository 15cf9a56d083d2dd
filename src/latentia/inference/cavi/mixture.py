"""The Bayesian Gaussian mixture by coordinate ascent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution

from latentia.errors import ConfigurationError
from latentia.inference.ascent import Ascent, assert_risen, check_stopping, stands_still
from latentia.inference.cavi.dirichlet_gauss_wishart import DirichletGaussWishart
from latentia.inference.cavi.mixture_prior import mixture_prior
from latentia.inference.cavi.mixture_start import starting_moments
from latentia.inference.cavi.mixture_sweep import chunk_rows, expectation, log_responsibilities, posterior
from latentia.inference.matrix import real_matrix


@dataclass(frozen=True, slots=True)
class MixtureFit:
    """What coordinate ascent found.

    Attributes:
        posterior: q over weights, means and precisions, the heaviest component first.
        prior: What it started from.
        ascent: The bound after every sweep, in nats summed over rows, of the best restart.
        bounds: The last bound of every restart.
    """

    posterior: DirichletGaussWishart
    prior: DirichletGaussWishart
    ascent: Ascent
    bounds: tuple[float, ...]

    def responsibilities(self, x: Any) -> Tensor:
        """q(z) of every row: which component it comes from.

        Args:
            x: `[N, D]`.

        Returns:
            `[N, K]`, rows that sum to one.

        Raises:
            DataError: Another number of columns, or an entry that is not finite.
        """
        return responsibilities(x, self.posterior)

    def posterior_predictive(self) -> Distribution:
        """p(x_new | x), a mixture of Student-t distributions over vectors `[D]`."""
        return self.posterior.posterior_predictive()


def update(x: Any, q: DirichletGaussWishart, prior: DirichletGaussWishart) -> tuple[DirichletGaussWishart, float]:
    """One sweep: the best q(z) for q, then the best beliefs for that q(z).

    Args:
        x: `[N, D]`.
        q: The present beliefs.
        prior: The prior.

    Returns:
        The new beliefs, and the bound at the old ones with their best q(z), in nats summed over rows.

    Raises:
        DataError: Another number of columns, or an entry that is not finite.
    """
    x = real_matrix(x, columns=q.dim)
    offset = x.mean(0)
    inner, outer = q.shifted(-offset), prior.shifted(-offset)
    evidence, moments = expectation((x - offset).mT.contiguous(), inner[None])
    return posterior(outer, moments)[0].shifted(offset), float(evidence[0] - inner.kl(outer))


def responsibilities(x: Any, q: DirichletGaussWishart) -> Tensor:
    """The best q(z) for given beliefs (equation 10.49).

    Args:
        x: `[N, D]`.
        q: The beliefs.

    Returns:
        `[N, K]`, rows that sum to one.

    Raises:
        DataError: Another number of columns, or an entry that is not finite.
    """
    x = real_matrix(x, rows=0, columns=q.dim)
    centre = q.mean.mean(0)
    columns, inner = (x - centre).mT, q.shifted(-centre)[None]
    parts = [log_responsibilities(chunk, inner)[0].softmax(0) for chunk in columns.split(chunk_rows(inner), dim=1)]
    return torch.cat(parts, 1).mT


def fit_mixture(
    x: Any,
    components: int,
    *,
    prior: DirichletGaussWishart | None = None,
    restarts: int = 1,
    max_sweeps: int = 1000,
    tolerance: float = 1e-7,
    seed: int = 0,
) -> MixtureFit:
    r"""A Bayesian Gaussian mixture, \(q(z) \, q(\pi) \prod_k q(\mu_k, \Lambda_k)\), by coordinate ascent.

    The bound never falls. Components that the data do not need lose their weight, so K is an upper limit.

    Args:
        x: `[N, D]`, at least two rows.
        components: K.
        prior: As from `mixture_prior`, which is also the default.
        restarts: How many starting points, run side by side; the highest bound wins.
        max_sweeps: The most sweeps.
        tolerance: Stop once a sweep gains less than this for every row, in nats; 0 runs all sweeps.
        seed: Of the k-means++ starts.

    Returns:
        Posterior, bound and responsibilities.

    Raises:
        DataError: Too few rows, entries that are not finite, or columns without a covariance.
        ConfigurationError: A parameter outside its range.

    References:
        Bishop, Pattern recognition and machine learning, 2006, section 10.2; Attias, A variational Bayesian framework
        for graphical models, 2000.

    >>> x = torch.tensor([[-5.1], [-5.0], [-4.9], [5.0], [4.9], [5.1]])
    >>> fit_mixture(x, 2).responsibilities(x)[:, 0].round()
    tensor([1., 1., 1., 0., 0., 0.], dtype=torch.float64)
    """
    x = real_matrix(x, rows=2)
    check_stopping(max_sweeps, tolerance)
    if restarts < 1:
        raise ConfigurationError(f"restarts is {restarts}; at least one starting point is needed")
    prior = mixture_prior(x, components) if prior is None else prior
    if prior.mean.shape != (components, x.shape[1]):
        raise ConfigurationError(
            f"the prior is over (components, columns) = {tuple(prior.mean.shape)}; x and components ask for "
            f"{(components, x.shape[1])}: build it with mixture_prior"
        )
    offset = x.mean(0)
    rows, inner = x - offset, prior.shifted(-offset)
    q = posterior(inner, starting_moments(rows, components, restarts, torch.Generator().manual_seed(seed)))
    paths, ends, converged = _ascend_all(rows, q, inner, max_sweeps, tolerance)
    bounds = tuple(path[-1] for path in paths)
    best = max(range(restarts), key=bounds.__getitem__)
    found = ends[best]
    found = found.permuted(found.concentration.argsort(descending=True, stable=True)).shifted(offset)
    return MixtureFit(found, prior, Ascent(tuple(paths[best]), converged[best]), bounds)


def _ascend_all(
    rows: Tensor, q: DirichletGaussWishart, prior: DirichletGaussWishart, max_sweeps: int, tolerance: float
) -> tuple[Sequence[list[float]], list[DirichletGaussWishart], list[bool]]:
    """Sweep all restarts until each stands still; those that do are left out of the sweeps that follow."""
    columns = rows.mT.contiguous()
    restarts = len(q.mean)
    paths: list[list[float]] = [[] for _ in range(restarts)]
    ends = [q[r] for r in range(restarts)]
    converged = [False] * restarts
    active = list(range(restarts))
    for sweep in range(max_sweeps):
        evidence, moments = expectation(columns, q)
        for place, (r, bound) in enumerate(zip(active, (evidence - q.kl(prior)).tolist(), strict=True)):
            if paths[r]:
                assert_risen(paths[r][-1], bound)
                converged[r] = stands_still(paths[r][-1], bound, tolerance * len(rows))
            paths[r].append(bound)
            if converged[r] or sweep == max_sweeps - 1:
                ends[r] = q[place]
        going = [place for place, r in enumerate(active) if not converged[r]]
        if not going:
            break
        q = posterior(prior, moments)
        if len(going) < len(active):
            q = q[torch.tensor(going)]
            active = [active[place] for place in going]
    return paths, ends, converged

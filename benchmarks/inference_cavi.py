"""Coordinate ascent against scikit-learn: time for the same number of sweeps, and the difference where both converge.

The two libraries take turns, repeat after repeat, so that a machine that slows down slows both; the ratio is of the
medians. A fit is timed as a user runs it, with its k-means start or its decomposition, on one thread.

- A mixture runs a fixed number of sweeps from each library's own start; the difference is of one sweep of ours from
  scikit-learn's converged posterior (a fixed point is left where it is), in means, covariances and responsibilities.
- A regression runs as many sweeps as scikit-learn's tolerance took; the difference is between both at convergence,
  relative in the coefficients and precisions.
"""

from __future__ import annotations

import statistics
import warnings
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

MIXTURES = ((1_000, 2, 5, 50), (10_000, 8, 10, 50), (10_000, 32, 10, 20), (50_000, 8, 20, 20))
REGRESSIONS = ((500, 10), (10_000, 20), (2_000, 200), (100, 400))


def alternating(cases: Sequence[Callable[[], object]], repeats: int) -> list[list[float]]:
    """Seconds of every case, the cases in turn; one round goes first, unmeasured."""
    times: list[list[float]] = [[] for _ in cases]
    for repeat in range(repeats + 1):
        for kept, case in zip(times, cases, strict=True):
            begin = perf_counter()
            case()
            if repeat:
                kept.append(perf_counter() - begin)
    return times


def row(name: str, size: str, sweeps: int, times: list[list[float]], difference: float) -> dict[str, Any]:
    ours, theirs = (statistics.median(each) for each in times)
    return {
        "case": name,
        "size": size,
        "sweeps": sweeps,
        "ours": ours,
        "sklearn": theirs,
        "ratio": ours / theirs,
        "slowest_pair": max(a / b for a, b in zip(*times, strict=True)),
        "difference": difference,
    }


def mixture_row(n: int, d: int, k: int, sweeps: int, repeats: int) -> dict[str, Any]:
    """Bayesian Gaussian mixture, full covariances, Dirichlet prior."""
    import numpy as np
    from sklearn.mixture import BayesianGaussianMixture

    from latentia.inference.cavi.estimators import VariationalGaussianMixture

    rng = np.random.default_rng(0)
    x = 2.0 * rng.normal(size=(k, d))[rng.integers(k, size=n)] + rng.normal(size=(n, d))

    def theirs(tol: float, max_iter: int) -> BayesianGaussianMixture:
        return BayesianGaussianMixture(
            n_components=k,
            weight_concentration_prior_type="dirichlet_distribution",
            reg_covar=0.0,
            tol=tol,
            max_iter=max_iter,
            random_state=0,
        ).fit(x)

    times = alternating(
        [lambda: VariationalGaussianMixture(k, tol=0.0, max_iter=sweeps).fit(x), lambda: theirs(0.0, sweeps)], repeats
    )
    return row("mixture", f"N={n} D={d} K={k}", sweeps, times, moved_by_a_sweep(x, theirs(1e-12, 2000)))


def moved_by_a_sweep(x: Any, peer: Any) -> float:
    """How far one sweep of ours moves scikit-learn's posterior: the greatest change of any of its parameters."""
    import torch

    from latentia.inference.cavi import DirichletGaussWishart, mixture_prior, responsibilities, update

    freedom = torch.from_numpy(peer.degrees_of_freedom_)
    q = DirichletGaussWishart(
        torch.from_numpy(peer.weight_concentration_),
        torch.from_numpy(peer.means_),
        torch.from_numpy(peer.mean_precision_),
        freedom,
        torch.from_numpy(peer.covariances_) * freedom[:, None, None],
    )
    after, _ = update(x, q, mixture_prior(x, len(freedom)))
    covariances = after.inverse_scale / after.freedom[:, None, None]
    changes = (
        after.mean - q.mean,
        covariances - torch.from_numpy(peer.covariances_),
        responsibilities(x, q) - torch.from_numpy(peer.predict_proba(x)),
    )
    return max(float(change.abs().max()) for change in changes)


def regression_row(n: int, p: int, repeats: int) -> dict[str, Any]:
    """Linear regression with unknown precisions of weights and noise."""
    import numpy as np
    from sklearn.linear_model import BayesianRidge

    from latentia.inference.cavi.estimators import VariationalLinearRegression

    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, p))
    y = x @ rng.normal(size=p) + rng.normal(size=n)
    sweeps = int(BayesianRidge().fit(x, y).n_iter_) + 1  # it solves once more after its last update
    times = alternating(
        [lambda: VariationalLinearRegression(tol=0.0, max_iter=sweeps).fit(x, y), lambda: BayesianRidge().fit(x, y)],
        repeats,
    )
    ours = VariationalLinearRegression(tol=0.0, max_iter=20_000).fit(x, y)
    peer = BayesianRidge(tol=1e-12, max_iter=20_000).fit(x, y)
    differences = [
        float(np.abs(ours.coef_ - peer.coef_).max() / np.abs(peer.coef_).max()),
        abs(ours.noise_precision_ / peer.alpha_ - 1),
        abs(ours.weight_precision_ / peer.lambda_ - 1),
    ]
    return row("regression", f"N={n} p={p}", sweeps, times, max(differences))


def rows(repeats: int = 9) -> list[dict[str, Any]]:
    """Every case, measured.

    Args:
        repeats: How many times each library runs each case.

    Returns:
        One dictionary a case: times in seconds, their ratio, and the greatest difference.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # neither library is to converge in the sweeps it is given
            measured = [mixture_row(*case, repeats) for case in MIXTURES]
            return measured + [regression_row(*case, repeats) for case in REGRESSIONS]
    finally:
        torch.set_num_threads(threads)


def table(measured: Sequence[dict[str, Any]]) -> str:
    """The rows as text."""
    lines = [f"{'case':12}{'size':22}{'sweeps':>7}{'ours':>10}{'sklearn':>10}{'ratio':>7}{'difference':>12}"]
    for each in measured:
        times = f"{each['ours']:10.4f}{each['sklearn']:10.4f}{each['ratio']:7.2f}"
        lines.append(f"{each['case']:12}{each['size']:22}{each['sweeps']:7}{times}{each['difference']:12.1e}")
    return "\n".join(lines)

"""NUTS against Pyro's on the same models and data: effective draws a second, side by side in one run.

Both run in this process on as many threads as torch has (one, with OMP_NUM_THREADS=1), with the same numbers of chains,
draws and warm-up, the same depth and rate of acceptance, in float64. A model's score is its worst number's bulk ESS by
the same estimator, over the whole wall time, the warm-up among it. On a machine with fewer cores than chains Pyro draws
its chains one after the other in this process; its compiled variant is measured too, and the better of both is what the
ratio compares with. Processor time is given as well, for machines that others load.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import torch
from torch import Tensor
from torch.distributions import HalfCauchy, Normal, constraints

from latentia.inference.mcmc import Parameter, Parameters, sample_parameters
from latentia.inference.mcmc.diagnostics import ess_bulk, rhat
from latentia.inference.parameters import Values

SCHOOLS = torch.tensor([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0], dtype=torch.float64)
ERRORS = torch.tensor([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0], dtype=torch.float64)


@dataclass(frozen=True)
class Problem:
    """One posterior, written for latentia (once plainly, once with a dimension of chains) and for Pyro."""

    name: str
    layout: Parameters
    log_joint: Callable[[Values], Tensor]
    batched: Callable[[Values], Tensor]
    pyro_model: Callable[[], None]


def _pyro() -> tuple[Any, Any]:
    """Pyro and its distributions, which have no types."""
    return import_module("pyro"), import_module("pyro.distributions")


def eight_schools() -> Problem:
    """Rubin's eight schools, not centred: theta = mu + tau eta."""
    unit = Normal(torch.zeros((), dtype=torch.float64), 1.0, validate_args=False)
    wide = Normal(torch.zeros((), dtype=torch.float64), 5.0, validate_args=False)
    heavy = HalfCauchy(torch.full((), 5.0, dtype=torch.float64), validate_args=False)

    def batched(v: Values) -> Tensor:
        mu, tau, eta = v["mu"], v["tau"], v["eta"]
        effects = mu[..., None] + tau[..., None] * eta
        data = Normal(effects, ERRORS, validate_args=False).log_prob(SCHOOLS).sum(-1)
        total: Tensor = wide.log_prob(mu) + heavy.log_prob(tau) + unit.log_prob(eta).sum(-1) + data
        return total

    def model() -> None:
        pyro, dist = _pyro()
        zero = torch.zeros((), dtype=torch.float64)
        mu = pyro.sample("mu", dist.Normal(zero, 5.0))
        tau = pyro.sample("tau", dist.HalfCauchy(zero + 5.0))
        eta = pyro.sample("eta", dist.Normal(torch.zeros(8, dtype=torch.float64), 1.0).to_event(1))
        pyro.sample("y", dist.Normal(mu + tau * eta, ERRORS).to_event(1), obs=SCHOOLS)

    layout = Parameters({"mu": (), "tau": Parameter((), constraints.positive), "eta": (8,)})
    return Problem("eight schools", layout, batched, batched, model)


def logistic_regression() -> Problem:
    """Bayesian logistic regression on the breast cancer data (569 rows, 30 columns and a constant)."""
    from sklearn.datasets import load_breast_cancer

    raw, labels = load_breast_cancer(return_X_y=True)
    x, y = torch.tensor(raw, dtype=torch.float64), torch.tensor(labels, dtype=torch.float64)
    x = torch.cat([(x - x.mean(0)) / x.std(0), torch.ones(len(x), 1, dtype=torch.float64)], 1)
    signed = x * (2 * y - 1)[:, None]
    unit = Normal(torch.zeros((), dtype=torch.float64), 1.0, validate_args=False)

    def batched(v: Values) -> Tensor:
        w = v["w"]
        prior: Tensor = unit.log_prob(w).sum(-1)
        likelihood: Tensor = torch.nn.functional.logsigmoid(w @ signed.T).sum(-1)
        return prior + likelihood

    def model() -> None:
        pyro, dist = _pyro()
        w = pyro.sample("w", dist.Normal(torch.zeros(x.shape[1], dtype=torch.float64), 1.0).to_event(1))
        pyro.sample("y", dist.Bernoulli(logits=x @ w).to_event(1), obs=y)

    return Problem("logistic regression", Parameters({"w": (x.shape[1],)}), batched, batched, model)


def correlated_gaussian(dims: int = 50, rho: float = 0.9) -> Problem:
    """A Gaussian whose neighbouring dimensions correlate by rho, by its precision for either side."""
    places = torch.arange(dims, dtype=torch.float64)
    precision = (rho ** (places[:, None] - places).abs()).inverse()
    rest = precision - torch.eye(dims, dtype=torch.float64)

    def plain(v: Values) -> Tensor:
        return -0.5 * torch.dot(precision @ v["z"], v["z"])

    def batched(v: Values) -> Tensor:
        density: Tensor = -0.5 * torch.linalg.vecdot(v["z"] @ precision, v["z"])
        return density

    def model() -> None:
        pyro, dist = _pyro()
        # A flat site cannot be initialised, so that a standard normal one is corrected.
        z = pyro.sample("z", dist.Normal(torch.zeros(dims, dtype=torch.float64), 1.0).to_event(1))
        pyro.factor("rest", -0.5 * torch.dot(rest @ z, z))

    return Problem(f"correlated Gaussian, {dims} dimensions", Parameters({"z": (dims,)}), plain, batched, model)


PROBLEMS = (eight_schools, logistic_regression, correlated_gaussian)


def _score(values: Mapping[str, Tensor], began: tuple[float, float]) -> dict[str, float]:
    seconds, processor = time.perf_counter() - began[0], time.process_time() - began[1]
    columns = torch.cat([v.double().reshape(*v.shape[:2], -1) for v in values.values()], dim=-1)
    least = float(ess_bulk(columns).min())
    return {
        "seconds": seconds,
        "cpu_seconds": processor,
        "ess": least,
        "ess_per_second": least / seconds,
        "rhat": float(rhat(columns).max()),
    }


def ours(problem: Problem, chains: int, draws: int, warmup: int, seed: int, *, batched: bool) -> dict[str, float]:
    """Effective draws a second of latentia's NUTS."""
    began = time.perf_counter(), time.process_time()
    drawn = sample_parameters(
        problem.batched if batched else problem.log_joint,
        problem.layout,
        chains=chains,
        batched=batched,
        num_samples=draws,
        warmup=warmup,
        seed=seed,
    )
    return _score(drawn.values, began)


def pyros(problem: Problem, chains: int, draws: int, warmup: int, seed: int, *, compiled: bool) -> dict[str, float]:
    """Effective draws a second of Pyro's NUTS."""
    pyro, _ = _pyro()
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)  # Pyro keeps its step size and mass in the default
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pyro.set_rng_seed(seed)
            kernel = pyro.infer.NUTS(problem.pyro_model, jit_compile=compiled, ignore_jit_warnings=True)
            began = time.perf_counter(), time.process_time()
            run: Any = pyro.infer.MCMC(
                kernel, num_samples=draws, warmup_steps=warmup, num_chains=chains, disable_progbar=True,
                mp_context="fork" if chains == 1 else None,
            )  # fmt: skip
            run.run()
            return _score(run.get_samples(group_by_chain=True), began)
    finally:
        torch.set_default_dtype(before)


def rows(*, chains: int = 8, draws: int = 500, warmup: int = 500, seed: int = 0) -> list[dict[str, Any]]:
    """One row a problem: seconds, least bulk ESS, ESS a second, R-hat of each, and the ratio of ESS a second.

    Args:
        chains: C.
        draws: S of each chain.
        warmup: Draws before them.
        seed: Of everything.
    """
    measured: list[dict[str, Any]] = []
    for build in PROBLEMS:
        problem = build()
        each = {
            "latentia": ours(problem, chains, draws, warmup, seed, batched=True),
            "latentia_vmap": ours(problem, chains, draws, warmup, seed, batched=False),
            "pyro": pyros(problem, chains, draws, warmup, seed, compiled=False),
            "pyro_compiled": pyros(problem, chains, draws, warmup, seed, compiled=True),
        }
        rate = {name: score["ess_per_second"] for name, score in each.items()}
        best = max(rate["pyro"], rate["pyro_compiled"])
        # On a machine that others load too, processor time is the fairer clock; Pyro must then stay in this process.
        busy = {name: score["ess"] / score["cpu_seconds"] for name, score in each.items()}
        busiest = max(busy["pyro"], busy["pyro_compiled"])
        measured.append(
            {"problem": problem.name, "chains": chains, "draws": draws, "warmup": warmup, **each}
            | {"ratio": rate["latentia"] / best, "ratio_vmap": rate["latentia_vmap"] / best,
               "ratio_uncompiled": rate["latentia"] / rate["pyro"], "ratio_cpu": busy["latentia"] / busiest,
               "ratio_cpu_vmap": busy["latentia_vmap"] / busiest}
        )  # fmt: skip
    return measured


def table(measured: Sequence[dict[str, Any]]) -> str:
    """The rows as text."""
    lines: list[str] = []
    for row in measured:
        lines.append(f"{row['problem']}: {row['chains']} chains, {row['warmup']} + {row['draws']} draws")
        for name in ("latentia", "latentia_vmap", "pyro", "pyro_compiled"):
            line = "  {:<14}{seconds:8.1f} s{cpu_seconds:8.1f} s of CPU{ess:8.0f} ESS{ess_per_second:9.1f} ESS/s"
            lines.append((line + "   R-hat {rhat:.3f}").format(name, **row[name]))
        lines.append(
            f"  ratio to Pyro's better: {row['ratio']:.1f} (vmap {row['ratio_vmap']:.1f}), by processor time "
            f"{row['ratio_cpu']:.1f} (vmap {row['ratio_cpu_vmap']:.1f})"
        )
    return "\n".join(lines)

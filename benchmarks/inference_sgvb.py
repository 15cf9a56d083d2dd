"""Stochastic gradient variational Bayes against Pyro's SVI: same models, data, guides, steps and samples for each step.

Both sides run in turn in one process on one thread, with Adam at the same constant step size from the same start; the
ratio of their median times is reported, and what each is worth: its ELBO on 20,000 draws, by one evaluator for both,
below that of a long run of ours until the noise floor, and its means and standard deviations against that run's.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from torch import Tensor

    from latentia.inference.sgvb import Approximation, LogJoint, Schedule

STEP, START = 0.01, 0.1
GuideOfBoth = Literal["mean_field", "full_rank"]


@dataclass(frozen=True)
class Problem:
    """One model, written for both libraries; sites in the same order."""

    name: str
    target: LogJoint
    pyro_model: Callable[[], Any]
    sites: tuple[str, ...]


def logistic_regression() -> Problem:
    """Breast cancer from 30 standardised features and a constant; N(0, 1) weights."""
    import torch
    from sklearn.datasets import load_breast_cancer
    from torch.distributions import Bernoulli, Normal

    from latentia.inference.parameters import Parameters, Values
    from latentia.inference.sgvb import LogJoint

    pyro, dist = import_module("pyro"), import_module("pyro.distributions")
    features, labels = load_breast_cancer(return_X_y=True)
    x = torch.tensor((features - features.mean(0)) / features.std(0), dtype=torch.float32)
    x = torch.cat([x, torch.ones(len(x), 1)], dim=1)
    y = torch.tensor(labels, dtype=torch.float32)
    width = x.shape[1]

    def log_joint(theta: Values, data: tuple[Tensor, Tensor]) -> Tensor:
        w = theta["w"]
        log_p: Tensor = Normal(0.0, 1.0).log_prob(w).sum() + Bernoulli(logits=data[0] @ w).log_prob(data[1]).sum()
        return log_p

    def model() -> None:
        w = pyro.sample("w", dist.Normal(torch.zeros(width), 1.0).to_event(1))
        logits = w @ x.T
        with pyro.plate("rows", len(x)):
            pyro.sample("y", dist.Bernoulli(logits=logits.squeeze(-2) if logits.dim() > 1 else logits), obs=y)

    return Problem("logistic regression", LogJoint(Parameters({"w": (width,)}), log_joint, (x, y)), model, ("w",))


def hierarchical_normal() -> Problem:
    """Eight schools, non-centred, with a log-normal spread between schools.

    Data: Rubin, Estimation in parallel randomized experiments, 1981, doi:10.3102/10769986006004377.
    """
    import torch
    from torch.distributions import LogNormal, Normal, constraints

    from latentia.inference.parameters import Parameter, Parameters, Values
    from latentia.inference.sgvb import LogJoint

    pyro, dist = import_module("pyro"), import_module("pyro.distributions")
    y = torch.tensor([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])
    sigma = torch.tensor([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0])

    def log_joint(theta: Values, data: tuple[Tensor, Tensor]) -> Tensor:
        prior = Normal(0.0, 5.0).log_prob(theta["mu"]) + LogNormal(1.0, 1.0).log_prob(theta["tau"])
        effects = theta["mu"] + theta["tau"] * theta["z"]
        schools = Normal(0.0, 1.0).log_prob(theta["z"]) + Normal(effects, data[1]).log_prob(data[0])
        log_p: Tensor = prior + schools.sum()
        return log_p

    def model() -> None:
        mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
        tau = pyro.sample("tau", dist.LogNormal(1.0, 1.0))
        with pyro.plate("schools", 8):
            z = pyro.sample("z", dist.Normal(0.0, 1.0))
            pyro.sample("y", dist.Normal(mu + tau * z, sigma), obs=y)

    parameters = Parameters({"mu": (), "tau": Parameter((), constraints.positive), "z": (8,)})
    return Problem("hierarchical normal", LogJoint(parameters, log_joint, (y, sigma)), model, ("mu", "tau", "z"))


def ours(problem: Problem, guide: GuideOfBoth, samples: int, steps: int, seed: int) -> Approximation:
    """Constant step size: windows as long as the run compare nothing."""
    from latentia.inference.sgvb import Schedule, fit

    window = 10 * (steps // 10 + 1)
    schedule: Schedule = Schedule(step=STEP, window=window, max_steps=steps)
    target = problem.target
    return fit(
        target, guide=guide, num_samples=samples, init_scale=START, schedule=schedule, final_samples=1, seed=seed
    )


def theirs(problem: Problem, guide: GuideOfBoth, samples: int, steps: int, seed: int) -> Any:
    """Pyro's SVI, with particles vectorised and validation off."""
    import torch

    pyro, infer = import_module("pyro"), import_module("pyro.infer")
    guides, optim = import_module("pyro.infer.autoguide"), import_module("pyro.optim")
    pyro.clear_param_store()
    pyro.enable_validation(False)
    pyro.set_rng_seed(seed)

    def at_zero(site: dict[str, Any]) -> Tensor:
        value: Tensor = torch.distributions.biject_to(site["fn"].support)(torch.zeros(site["fn"].shape()))
        return value

    kind = guides.AutoNormal if guide == "mean_field" else guides.AutoMultivariateNormal
    auto = kind(problem.pyro_model, init_loc_fn=at_zero, init_scale=START)
    loss = infer.Trace_ELBO(num_particles=samples, vectorize_particles=True, max_plate_nesting=1)
    svi = infer.SVI(problem.pyro_model, auto, optim.Adam({"lr": STEP}), loss)
    for _ in range(steps):
        svi.step()
    return auto


def gaussian_of(problem: Problem, guide: GuideOfBoth, auto: Any) -> tuple[Tensor, Tensor]:
    """Mean and covariance of a guide of Pyro's over the unconstrained vector."""
    import torch

    with torch.no_grad():
        if guide == "mean_field":
            loc = torch.cat([getattr(auto.locs, site).reshape(-1) for site in problem.sites])
            scale = torch.cat([getattr(auto.scales, site).reshape(-1) for site in problem.sites])
            return loc, torch.diag(scale.square())
        posterior = auto.get_posterior()
        return posterior.loc.detach(), posterior.covariance_matrix.detach()


def elbo_of(problem: Problem, loc: Tensor, covariance: Tensor) -> float:
    """One evaluator for both sides, with noise in common."""
    import torch
    from torch.distributions import MultivariateNormal

    from latentia.inference.sgvb.approximation import balanced_noise

    q = MultivariateNormal(loc.double(), covariance.double())
    theta = loc.double() + balanced_noise(20_000, len(loc), torch.Generator().manual_seed(0)) @ q.scale_tril.T
    density = problem.target.whole()
    with torch.no_grad():
        log_p = torch.cat([density(part.float()) for part in theta.split(1000)]).double()
    return float(log_p.mean() + q.entropy())


def rows(*, steps: int = 2000, repeats: int = 5, samples: int = 8) -> list[dict[str, Any]]:
    """The measurements, one row a model and guide.

    Args:
        steps: For both.
        repeats: Of both, in turn; the first of each does not count.
        samples: Draws for each step.

    Returns:
        Rows of a table.
    """
    from latentia.inference.sgvb import Schedule, fit

    measured: list[dict[str, Any]] = []
    guides: tuple[GuideOfBoth, ...] = ("mean_field", "full_rank")
    for problem in (logistic_regression(), hierarchical_normal()):
        for guide in guides:
            seconds: dict[str, list[float]] = {"latentia": [], "pyro": []}
            for repeat in range(repeats + 1):
                start = time.perf_counter()
                found = ours(problem, guide, samples, steps, repeat)
                middle = time.perf_counter()
                auto = theirs(problem, guide, samples, steps, repeat)
                end = time.perf_counter()
                if repeat:
                    seconds["latentia"].append(middle - start)
                    seconds["pyro"].append(end - middle)
            long = fit(problem.target, guide=guide, num_samples=32, schedule=Schedule(window=500, max_steps=30_000))
            loc, covariance = (each.double() for each in long.guide.moments())
            best = elbo_of(problem, loc, covariance)
            row: dict[str, Any] = {"model": problem.name, "guide": guide, "dimensions": len(loc), "steps": steps}
            row["samples"] = samples
            row["time_ratio"] = statistics.median(seconds["pyro"]) / statistics.median(seconds["latentia"])
            row["elbo_long_run"], row["k_hat_long_run"] = best, long.k_hat
            row["steps_long_run"], row["converged"] = len(long.path), long.converged
            sides = {"latentia": found.guide.moments(), "pyro": gaussian_of(problem, guide, auto)}
            deviation = covariance.diagonal().sqrt()
            for side, (at, spread) in sides.items():
                row[f"seconds_{side}"] = statistics.median(seconds[side])
                row[f"elbo_below_{side}"] = best - elbo_of(problem, at, spread)
                row[f"mean_off_{side}"] = float(((at.double() - loc).abs() / deviation).max())
                row[f"std_off_{side}"] = float((spread.double().diagonal().sqrt() / deviation - 1).abs().max())
            measured.append(row)
    return measured


def table(measured: Sequence[dict[str, Any]]) -> str:
    """The rows as text."""
    heads = f"{'pyro/ours':>9} {'below best: ours':>17} {'pyro':>8} {'mean off: ours':>15} {'pyro':>8}"
    lines = [f"{'model':20} {'guide':10} {heads}"]
    for row in measured:
        lines.append(
            f"{row['model']:20} {row['guide']:10} {row['time_ratio']:9.2f} {row['elbo_below_latentia']:17.3f} "
            f"{row['elbo_below_pyro']:8.3f} {row['mean_off_latentia']:15.3f} {row['mean_off_pyro']:8.3f}"
        )
    return "\n".join(lines)

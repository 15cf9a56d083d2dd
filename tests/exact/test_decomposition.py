"""Oracle 18: mean KL = I_q(x; z) + KL(q(z) || p(z)), I <= ln N, and the three parts of beta-TC add up to the KL.

The posteriors of a few rows are Gaussians in one or two dimensions, and every expectation is a sum over a grid, which
for such smooth and fast-falling integrands is exact to rounding. The parts come from the library's own function; the
truth from mixture densities written here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations

import torch
from torch import Tensor

from latentia.distributions import normal
from latentia.latents import Draw, Trace
from latentia.objectives import ELBO, Step
from latentia.objectives.penalties import DecomposedKL, Decomposition, decompose
from latentia.objectives.penalties import decomposition as module
from tests.exact.mutants import killed
from tests.ledger import BINARY, SMALL, Instance

F64 = torch.float64
Split = Callable[[Trace, int], Decomposition]
CASES = {
    # Overlapping rows, far-apart rows (I near ln N), and two correlated dimensions.
    "overlapping": (torch.tensor([[-1.0], [0.2], [0.5], [1.4]]), torch.tensor([[0.9], [0.7], [1.1], [0.6]])),
    "apart": (torch.tensor([[-4.0], [0.0], [4.0]]), torch.tensor([[0.4], [0.5], [0.4]])),
    "plane": (
        torch.tensor([[-1.0, -1.2], [0.1, 0.3], [1.0, 0.8]]),
        torch.tensor([[0.6, 0.7], [0.8, 0.6], [0.7, 0.9]]),
    ),
}


def log_normal(z: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
    return -0.5 * ((z - mean) / scale).square() - scale.log() - 0.5 * math.log(2 * math.pi)


def grid(dims: int) -> tuple[Tensor, float]:
    """Points `[K, D]` and the volume that each stands for."""
    step = 0.01 if dims == 1 else 0.1
    axis = torch.arange(-9.0, 9.0, step, dtype=F64)
    return torch.cartesian_prod(*[axis] * dims).reshape(-1, dims), step**dims


def trace_on_grid(mean: Tensor, scale: Tensor) -> Trace:
    """Every grid point as a sample of every row, weighted by the row's posterior."""
    points, volume = grid(mean.shape[1])
    z = points.unsqueeze(1).expand(-1, *mean.shape)
    q, p = normal(mean, scale), normal(torch.zeros_like(mean[0]), torch.ones_like(mean[0]))
    log_r = q.log_prob(z) + math.log(volume)
    drawn = Draw(z, (z,), (p,), (q,), log_r)
    return Trace(torch.zeros(len(mean), 1, dtype=F64), drawn, normal(z[..., :1], torch.ones(1, dtype=F64)))


def mean_over_data(trace: Trace, part: Tensor) -> float:
    return float((trace.draw.log_r.exp() * part).sum(0).mean())


def truths(mean: Tensor, scale: Tensor) -> dict[str, float]:
    """From the mixture density on the grid: sums written out, without the library."""
    points, volume = grid(mean.shape[1])
    each = log_normal(points.unsqueeze(1), mean, scale)
    rows, prior = each.sum(2), log_normal(points, torch.zeros(()), torch.ones(())).sum(1)
    joint = rows.logsumexp(1) - math.log(len(mean))
    marginals = (each.logsumexp(1) - math.log(len(mean))).sum(1)
    mixture = joint.exp() * volume
    kl = 0.5 * (mean.square() + scale.square() - 1 - 2 * scale.log()).sum(1)
    return {
        "kl": float(kl.mean()),
        "information": float((rows.exp() * volume * (rows - joint.unsqueeze(1))).sum(0).mean()),
        "correlation": float((mixture * (joint - marginals)).sum()),
        "dimensions": float((mixture * (marginals - prior)).sum()),
        "to_prior": float((mixture * (joint - prior)).sum()),
    }


def hoffman_johnson(split: Split) -> None:
    for mean, scale in ((m.double(), s.double()) for m, s in CASES.values()):
        trace, true = trace_on_grid(mean, scale), truths(mean, scale)
        assert abs(mean_over_data(trace, torch.ones(trace.lead, dtype=F64)) - 1) < 1e-9, "the grid holds all the mass"
        parts = split(trace, len(mean))
        found = {name: mean_over_data(trace, part) for name, part in parts._asdict().items()}
        for name, value in found.items():
            assert abs(value - true[name]) < 1e-8, name
        # I_q(x; z) + KL(q(z) || p(z)) is the mean of the closed-form KL.
        assert abs(found["information"] + found["correlation"] + found["dimensions"] - true["kl"]) < 1e-8
        assert abs(found["correlation"] + found["dimensions"] - true["to_prior"]) < 1e-8
        assert -1e-9 <= found["information"] <= math.log(len(mean)) + 1e-9
        assert min(found["correlation"], found["dimensions"]) > -1e-9
        torch.testing.assert_close(sum(parts), trace.log_qz[0] - trace.log_pz[0], rtol=0, atol=1e-10)


def test_18_the_parts_on_the_whole_data_are_the_true_ones_and_add_up() -> None:
    hoffman_johnson(decompose)


def test_18_information_is_bounded_by_the_number_of_rows() -> None:
    mean, scale = (value.double() for value in CASES["apart"])
    information = mean_over_data(trace_on_grid(mean, scale), decompose(trace_on_grid(mean, scale), 3).information)
    assert 0.99 * math.log(3) < information < math.log(3)


def test_18_mutants() -> None:
    def unnormalised(trace: Trace, num_data: int) -> Decomposition:  # log N forgotten in q(z), as in some libraries
        information, correlation, dimensions = decompose(trace, num_data)
        return Decomposition(information - math.log(num_data), correlation + math.log(num_data), dimensions)

    def own_row_alone(trace: Trace, num_data: int) -> Decomposition:  # q(z|x) in place of q(z)
        zero = torch.zeros(trace.lead, dtype=F64)
        return Decomposition(zero, zero, trace.log_qz[0] - trace.log_pz[0])

    def dependent_marginals(trace: Trace, num_data: int) -> Decomposition:  # q(z) for its own marginals
        information, correlation, dimensions = decompose(trace, num_data)
        return Decomposition(information, torch.zeros_like(correlation), dimensions + correlation)

    mutants: list[Split] = [
        lambda trace, num_data: decompose(trace, num_data, "weighted"),  # log B too low on the whole data
        unnormalised,
        own_row_alone,
        dependent_marginals,
        lambda trace, num_data: Decomposition(*(2 * part for part in decompose(trace, num_data))),
    ]
    for mutant in mutants:
        with killed():
            hoffman_johnson(mutant)


def is_unbiased_for_the_density(log_shares: Callable[[int, int], Tensor]) -> None:
    """The mean of the estimate of q(z_0) over all batches with row 0 is the mixture density, by enumeration."""
    total, size = 6, 3
    generator = torch.Generator().manual_seed(0)
    log_q = torch.randn(total, generator=generator, dtype=F64)  # log q(z_0 | x_n), whatever the rows are
    estimates = []
    for others in combinations(range(1, total), size - 1):
        for place in range(size):  # row 0 may stand anywhere in the batch
            batch = [*others[:place], 0, *others[place:]]
            weights = log_shares(size, total)[place]
            estimates.append((weights + log_q[batch]).exp().sum())
    assert abs(float(torch.stack(estimates).mean() - log_q.exp().mean())) < 1e-12


def test_the_stratified_estimate_is_unbiased_wherever_the_row_stands_in_the_batch() -> None:
    is_unbiased_for_the_density(lambda size, total: module.log_shares(size, total, "stratified", F64))


def test_mutants_of_the_shares() -> None:
    def first_column(size: int, total: int) -> Tensor:  # the paper's code: a stride of B where B + 1 was meant
        others = size - 1
        rest = (total - others) / (total * others)
        shares = torch.full((size, size), 1 / others, dtype=F64)
        shares.view(-1)[::size] = 1 / total
        shares.view(-1)[1::size] = rest
        shares[others - 1, 0] = rest
        return shares.log()

    with killed():
        is_unbiased_for_the_density(first_column)
    with killed():
        is_unbiased_for_the_density(lambda size, total: module.log_shares(size, total, "weighted", F64))


def loss_of(objective: ELBO, step: Step | None = None) -> tuple[float, dict[str, Tensor]]:
    model, _ = Instance("vae", BINARY, SMALL).build()
    torch.manual_seed(4)
    loss = objective(model, Instance("vae", BINARY, SMALL).batch(8), step or Step())
    return float(loss.loss.detach()), loss.terms


def weights_count(build: Callable[[float, float, float], DecomposedKL]) -> None:
    """Each weight adds its own part and nothing else; equal weights are those of a beta-VAE."""
    model, _ = Instance("vae", BINARY, SMALL).build()
    torch.manual_seed(4)
    trace = model.trace(Instance("vae", BINARY, SMALL).batch(8))
    parts = [float(part.mean().detach()) for part in decompose(trace, 100, "weighted")]
    plain = loss_of(ELBO())[0]
    for place in range(3):
        weights = [1.0, 1.0, 1.0]
        weights[place] = 3.0
        loss, terms = loss_of(ELBO(penalties=(build(*weights),)))
        assert abs(loss - plain - 2 * parts[place]) < 1e-9
        torch.testing.assert_close(terms["elbo"], loss_of(ELBO())[1]["elbo"], rtol=0, atol=0)
    sampled = float((trace.log_qz - trace.log_pz).mean().detach())
    assert abs(loss_of(ELBO(penalties=(build(4.0, 4.0, 4.0),)))[0] - plain - 3 * sampled) < 1e-9
    warm = loss_of(ELBO(penalties=(build(1.0, 3.0, 1.0),)), Step(kl_weight=0.25))[0]
    assert abs(warm - loss_of(ELBO(), Step(kl_weight=0.25))[0] - 0.25 * 2 * parts[1]) < 1e-9


def test_20_each_weight_counts_its_own_part() -> None:
    weights_count(lambda *weights: DecomposedKL(100, *weights))


def test_20_mutants() -> None:
    with killed():  # a beta that has no effect
        weights_count(lambda alpha, beta, gamma: DecomposedKL(100, alpha, 1.0, gamma))
    with killed():  # alpha and beta exchanged
        weights_count(lambda alpha, beta, gamma: DecomposedKL(100, beta, alpha, gamma))


def test_a_batch_of_one_row_and_a_single_row_of_data_are_finite() -> None:
    model, _ = Instance("beta_tc", BINARY, SMALL).build()
    for aggregate in ("weighted", "stratified"):
        trace = model.trace(Instance("beta_tc", BINARY, SMALL).batch(1))
        for num_data in (1, 50):
            parts = decompose(trace, num_data, aggregate)
            assert all(part.isfinite().all() for part in parts)

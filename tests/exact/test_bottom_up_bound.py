"""The bound of a bottom-up walk, where what p(z_g | z_<g) is given was inferred from z_g itself."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from latentia import bounds
from latentia.conditionals import EVERYTHING, DiagonalNormal, GaussianHead, Likelihood, StandardNormal
from latentia.distributions import kl, normal
from latentia.latents import BottomUp, LatentGroup, Trace
from latentia.model import VAE
from tests.exact.mutants import killed, z_score

F64 = torch.float64


class Around(nn.Module):
    """N(what is given, scale^2)."""

    provides = EVERYTHING
    domain = "real"
    event_shape = torch.Size([2])

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, given: Tensor) -> Distribution:
        return normal(given, torch.full_like(given, self.scale))


def trace() -> Trace:
    """Many samples of a model whose upper variables are all but copies of the lower ones."""
    torch.manual_seed(0)
    top = LatentGroup("z1", StandardNormal(2), Around(0.1))
    low = LatentGroup("z2", Around(0.3), DiagonalNormal(7, 2), merge="replace")
    model = VAE(nn.Identity(), BottomUp([top, low]), Likelihood(nn.Linear(2, 7), GaussianHead((7,)))).double()
    with torch.no_grad():
        return model.trace(torch.randn(4, 7, dtype=F64), num_samples=20_000)


def mean_weight_is_the_bound(divergence: Callable[[Trace], Tensor]) -> None:
    """E[log p(x, z) - log q(z|x)] = E[log p(x|z)] - the divergence, `[G, K, B]`, of both groups."""
    found = trace()
    difference = found.log_px - divergence(found).sum(0) - found.log_w
    for row in range(difference.shape[1]):
        assert abs(z_score(difference[:, row], 0.0)) < 5


def closed(found: Trace) -> Tensor:
    """The closed form for every group, as if the group above knew nothing of this z."""
    draw = found.draw
    terms = [kl(q, p, z).expand(found.lead) for q, p, z in zip(draw.q, draw.p, draw.z, strict=True)]
    return torch.stack(terms)


def test_the_bound_is_the_mean_log_weight() -> None:
    mean_weight_is_the_bound(lambda found: found.kl)


def test_mutant_closed_form_where_the_condition_knows_z() -> None:
    with killed():
        mean_weight_is_the_bound(closed)


def test_only_the_top_group_keeps_its_closed_form() -> None:
    found = trace()
    torch.testing.assert_close(found.kl[0], closed(found)[0])
    torch.testing.assert_close(found.kl[1], found.log_qz[1] - found.log_pz[1])
    assert found.kl_per_dim(0) is not None
    assert found.kl_per_dim(1) is None
    assert bounds.elbo(found).shape == (4,)

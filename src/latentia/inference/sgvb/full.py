"""Full variational Bayes: fit a posterior over a VAE's weights together with its encoder."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import Tensor

from latentia.conditionals import Need
from latentia.data_model import seeded
from latentia.errors import CompatibilityError, ConfigurationError, DataError
from latentia.inference.sgvb.optimise import Schedule, climb
from latentia.inference.sgvb.weight_posterior import WeightPosterior, set_weights
from latentia.inference.sgvb.weights import GaussianWeights, Setting
from latentia.model import VAE


def fit_weights(
    vae: VAE,
    x: Tensor,
    *,
    context: Tensor | None = None,
    over: Sequence[str] = ("likelihood",),
    prior_loc: Setting = 0.0,
    prior_scale: Setting = 1.0,
    init_scale: float = 0.05,
    batch_size: int = 100,
    num_weights: int = 1,
    num_samples: int = 1,
    schedule: Schedule | None = None,
    seed: int = 0,
) -> WeightPosterior:
    r"""Fit q(w) over a VAE's weights together with its encoder, by mini-batches.

    It maximises \(\sum_n E_{q(w) q(z|x_n)}[\log p(x_n, z|w) - \log q(z|x_n)] - KL(q(w) \| p(w)) \le \log p(X)\). What
    is not in `over`, such as the encoder, is optimised to a point.

    Args:
        vae: The model, whose weights q starts around; it is copied.
        x: All rows, `[N, *shape]`, in the units of the likelihood.
        context: `[N, C]` of a conditional model.
        over: Uncertain parts: `likelihood`, `prior`, or the beginning of parameters' names, such as `likelihood.net`.
        prior_loc: Mean of p(w): a number, or numbers or tensors by the parameter's name.
        prior_scale: Standard deviation of p(w), likewise.
        init_scale: Standard deviation of q(w) at the start.
        batch_size: Rows in a mini-batch.
        num_weights: Draws of the weights for each mini-batch.
        num_samples: Draws of z for each row and draw of the weights.
        schedule: Step sizes, and when to stop; steps of 0.003 by default.
        seed: Of all noise and of the order of the rows.

    Returns:
        The posterior over the weights, with bound and predictive densities.

    Raises:
        CompatibilityError: The model has no densities or no differentiable codes, or no parameters under `over`.
        DataError: No rows, or a context of another length.

    References:
        Kingma, Welling, Auto-encoding variational Bayes, 2014, arXiv:1312.6114, appendix F.
    """
    _check(vae, x, context, batch_size, num_weights)
    vae = deepcopy(vae)
    chosen = _chosen(vae, over)
    named = dict(vae.named_parameters(remove_duplicate=False))
    weights = GaussianWeights(
        {name: named[name] for name in chosen},
        init_scale=init_scale,
        prior_loc=prior_loc,
        prior_scale=prior_scale,
    )
    posterior = WeightPosterior(vae, weights)
    uncertain = {id(named[name]) for name in chosen}
    points = [each for each in vae.parameters() if id(each) not in uncertain and each.requires_grad]
    order: list[Tensor] = []

    def estimate() -> tuple[Tensor, float]:
        if not order:
            batches = torch.randperm(len(x)).split(min(batch_size, len(x)))
            order.extend(each for each in batches if len(each) == len(batches[0]))
        index = order.pop().to(x.device)
        given = None if context is None else context[index]
        noise = posterior.noise(num_weights)
        value = posterior.objective(x[index], noise, len(x), context=given, num_samples=num_samples)
        return -value, float(value.detach()) * len(x)

    with seeded(seed, x.device):
        ended = climb([*weights.parameters(), *points], estimate, schedule or Schedule(step=0.003))
    with torch.no_grad():
        set_weights(vae, weights.draw(torch.zeros_like(weights.loc)))
    posterior.path, posterior.converged, posterior.stopped = ended.path, ended.converged, ended.reason
    return posterior


def _check(vae: VAE, x: Tensor, context: Tensor | None, batch_size: int, num_weights: int) -> None:
    lacking = {Need.DENSITY, Need.REPARAMETERISED} - vae.provides
    if lacking:
        raise CompatibilityError(
            f"this model lacks {' and '.join(sorted(lacking))}; a bound with uncertain weights takes a model whose "
            "codes have densities and differentiable draws, such as recipes.vae"
        )
    if len(x) == 0 or (context is not None and len(context) != len(x)):
        raise DataError(
            f"there are {len(x)} rows and {'no' if context is None else len(context)} contexts; expected at least one "
            "row, and a context for each or none"
        )
    if batch_size < 1 or num_weights < 1:
        raise ConfigurationError(f"batch_size is {batch_size} and num_weights {num_weights}; expected 1 or more")


def _chosen(vae: VAE, over: Sequence[str]) -> list[str]:
    """Names of the parameters under `over`."""
    priors = [f"walk.modules_of_groups.{g}.p" for g in range(len(vae.latents.groups))]
    prefixes = [each for part in over for each in (priors if part == "prior" else [part])]

    def under(name: str) -> bool:
        return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)

    named = dict(vae.named_parameters(remove_duplicate=False))
    # A parameter with several names is one unknown.
    names = list({id(each): name for name, each in reversed(named.items()) if under(name)}.values())[::-1]
    if not names:
        raise CompatibilityError(
            f"no parameters lie under {', '.join(over) or 'nothing'}; this model has {', '.join(named)}: name "
            "`likelihood`, `prior` where the prior has parameters, or the beginning of a name"
        )
    shared = {id(each) for name, each in named.items() if not under(name)}
    tied = [name for name in names if id(named[name]) in shared]
    if tied:
        raise CompatibilityError(
            f"{', '.join(tied)} also belongs to a part that is not under {', '.join(over)}, so it cannot be uncertain "
            "in one and certain in the other: name both parts, or neither"
        )
    return names

"""A VAE whose decoder's weights are known in distribution: its bound and its predictions."""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call

from latentia.bounds import elbo
from latentia.data_model import seeded
from latentia.errors import ConfigurationError
from latentia.inference.sgvb.weights import GaussianWeights
from latentia.model import VAE


class _Terms(nn.Module):
    """The ELBO `[B]` and the log-weights `[K, B]`: all that depends on the weights is computed inside one call."""

    def __init__(self, vae: VAE) -> None:
        super().__init__()
        self.vae = vae

    def forward(self, x: Tensor, context: Tensor | None, num_samples: int) -> tuple[Tensor, Tensor]:
        trace = self.vae.trace(x, num_samples=num_samples, context=context)
        return elbo(trace), trace.log_w


@dataclass(frozen=True, slots=True)
class DataBound:
    """A lower bound of log p(X), the weights integrated out.

    Attributes:
        value: In nats, of all rows together.
        error: Its standard error over draws of the weights.
    """

    value: float
    error: float


class WeightPosterior:
    """A VAE whose weights are known in distribution.

    Attributes:
        vae: The model; its uncertain parameters stand at their posterior means.
        weights: q(w) over them.
        path: The bound's estimate at every step, `[T]`, in nats of the whole data set.
        converged: Whether it reached its noise floor.
        stopped: Why the optimisation stopped, in words.
    """

    def __init__(self, vae: VAE, weights: GaussianWeights) -> None:
        self.vae, self.weights = vae, weights
        self.path, self.converged, self.stopped = torch.empty(0), False, "not fitted"
        self._terms = _Terms(vae)

    def terms(
        self, x: Tensor, noise: Tensor, *, context: Tensor | None = None, num_samples: int = 1
    ) -> tuple[Tensor, Tensor]:
        """The ELBO and the log importance weights of rows under one draw of the weights.

        Args:
            x: `[B, *shape]`.
            noise: Of the weights, `[size]`.
            context: `[B, C]` of a conditional model.
            num_samples: K, of z.

        Returns:
            `[B]` and `[K, B]`, in nats, with nothing of the weights' own divergence.
        """
        drawn = {f"vae.{name}": value for name, value in self.weights.draw(noise).items()}
        both: tuple[Tensor, Tensor] = functional_call(self._terms, drawn, (x, context, num_samples))
        return both

    def objective(
        self, x: Tensor, noise: Tensor, rows: int, *, context: Tensor | None = None, num_samples: int = 1
    ) -> Tensor:
        r"""The bound a row, \(\frac1B \sum_b ELBO_b(w) - \frac1N KL(q(w) \| p(w))\).

        The weights are one unknown for all N rows, so each row pays an N-th of their divergence.

        Args:
            x: A mini-batch, `[B, *shape]`.
            noise: Of the weights, one draw a row `[S, size]`; the bound is their mean.
            rows: N, of the whole data set.
            context: `[B, C]`.
            num_samples: K, of z.

        Returns:
            A number, whose N-fold is an unbiased estimate of the bound of log p(X).

        References:
            Kingma, Welling, Auto-encoding variational Bayes, 2014, arXiv:1312.6114, appendix F.
        """
        each = [self.terms(x, row, context=context, num_samples=num_samples)[0].mean() for row in noise]
        return torch.stack(each).mean() - self.weights.kl() / rows

    def bound(
        self,
        x: Tensor,
        *,
        context: Tensor | None = None,
        num_weights: int = 20,
        num_samples: int = 1,
        batch_size: int = 500,
        seed: int = 0,
    ) -> DataBound:
        r"""The bound of log p(X) for all rows, from \(\sum_n ELBO_n(w_s) + \log p(w_s) - \log q(w_s)\).

        Args:
            x: All rows, `[N, *shape]`.
            context: `[N, C]`.
            num_weights: S, draws of the weights, 2 or more.
            num_samples: K, of z for each.
            batch_size: Rows at a time.
            seed: Of all noise.

        Returns:
            Its mean over draws, with the standard error.
        """
        if num_weights < 2:
            raise ConfigurationError(f"num_weights is {num_weights}; a standard error takes 2 draws or more")
        values: list[Tensor] = []
        with torch.no_grad(), seeded(seed, x.device):
            for noise in self.noise(num_weights):
                rows = self._over(x, context, noise, num_samples, batch_size)[0]
                values.append(rows.double().sum() + self.weights.log_ratio(noise).double())
        all_values = torch.stack(values)
        return DataBound(float(all_values.mean()), float(all_values.std()) / math.sqrt(num_weights))

    def log_predictive(
        self,
        x: Tensor,
        *,
        context: Tensor | None = None,
        num_weights: int = 20,
        num_samples: int = 100,
        batch_size: int = 500,
        seed: int = 0,
    ) -> Tensor:
        r"""Log-density of new rows, averaged over the weights.

        It is \(\log \frac{1}{SK} \sum_{s,k} p(x, z_{sk} | w_s) / q(z_{sk} | x)\).

        Args:
            x: New rows, `[B, *shape]`.
            context: `[B, C]`.
            num_weights: S.
            num_samples: K, of z for each draw of the weights.
            batch_size: Rows at a time.
            seed: Of all noise.

        Returns:
            `[B]`, in nats; a lower bound in expectation, which rises with K.
        """
        total: Tensor | None = None
        with torch.no_grad(), seeded(seed, x.device):
            for noise in self.noise(num_weights):
                log_w = self._over(x, context, noise, num_samples, batch_size)[1].logsumexp(0)
                total = log_w if total is None else torch.logaddexp(total, log_w)
        if total is None:
            raise ConfigurationError(f"num_weights is {num_weights}; average over one draw or more")
        return total - math.log(num_weights * num_samples)

    def drawn(self, *, seed: int = 0) -> VAE:
        """A copy of the VAE with one draw of its weights, for all that a VAE can do.

        Args:
            seed: Of the draw.

        Returns:
            The model.
        """
        vae = deepcopy(self.vae)
        noise = torch.randn(self.weights.size, generator=torch.Generator().manual_seed(seed))
        with torch.no_grad():
            set_weights(vae, self.weights.draw(noise.to(self.weights.loc)))
        return vae

    def noise(self, num: int) -> Tensor:
        """Standard normal noise for draws of the weights, `[num, size]`, from torch's generator."""
        like = self.weights.loc
        return torch.randn(num, self.weights.size, dtype=like.dtype, device=like.device)

    def _over(
        self, x: Tensor, context: Tensor | None, noise: Tensor, num_samples: int, batch_size: int
    ) -> tuple[Tensor, Tensor]:
        contexts = [None] * len(x) if context is None else context.split(batch_size)
        parts = [
            self.terms(rows, noise, context=given, num_samples=num_samples)
            for rows, given in zip(x.split(batch_size), contexts, strict=False)
        ]
        return torch.cat([part[0] for part in parts]), torch.cat([part[1] for part in parts], dim=1)


def set_weights(vae: VAE, values: dict[str, Tensor]) -> None:
    """Copy values into a model's parameters; under `torch.no_grad`.

    Args:
        vae: The model.
        values: By the parameters' names.
    """
    named = dict(vae.named_parameters(remove_duplicate=False))
    for name, value in values.items():
        named[name].copy_(value)

"""A run: a trained model with all that is known of how it came about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from latentia.data import Dataset, DataSpec, Resident, Source
from latentia.data.spec import SplitName
from latentia.data_model import DataModel, seeded
from latentia.errors import DataError
from latentia.evaluation import Evidence, evaluate
from latentia.inference.mcmc import Mass, Method
from latentia.inference.vae_posterior import VAEPosterior, refine_posterior
from latentia.names import DensityName
from latentia.operate import Imputation, fit_density, impute, with_prior
from latentia.recipes import RecipeInfo
from latentia.runs.folder import REPORT
from latentia.runs.reading import read_again
from latentia.runs.settings import Settings
from latentia.train import Plan

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Run:
    """A trained model in its folder.

    Attributes:
        folder: The run folder.
        model: The model, in the units of its data: `encode`, `decode`, `sample`, `reconstruct`, `trace`.
        settings: What the run was asked for, resolved.
        recipe: What the recipe says of itself.
        spec: The data it was trained on.
        evidence: The measurement of the test split; None where it was not made yet.
        metrics: One row an epoch: `step`, `epoch`, `train`, `validation`, ...
        environment: What it ran on.
        data: The data, where they are in memory already.
    """

    folder: Path
    model: DataModel = field(repr=False)
    settings: Settings = field(repr=False)
    recipe: RecipeInfo = field(repr=False)
    spec: DataSpec = field(repr=False)
    evidence: Evidence | None = None
    metrics: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    environment: Mapping[str, Any] = field(default_factory=dict, repr=False)
    data: Dataset | None = field(default=None, repr=False)

    @property
    def options(self) -> Mapping[str, Any]:
        """The recipe's options, all of them."""
        return self.settings.options

    @property
    def plan(self) -> Plan:
        """The training plan."""
        return self.settings.plan

    @property
    def report(self) -> Path | None:
        """The page that shows the run, if it was written."""
        page = self.folder / REPORT
        return page if page.exists() else None

    def dataset(self) -> Dataset:
        """The data it was trained on, with the same splits; read again if they are not in memory.

        Raises:
            DataError: They cannot be read any more, or are no longer the same.
        """
        return self.data if self.data is not None else read_again(self.settings, self.spec, self.folder)

    def split(self, name: SplitName) -> Resident:
        """One split of the data it was trained on.

        Args:
            name: `train`, `validation` or `test`.

        Returns:
            Its rows.
        """
        return self.dataset().split(name)

    def evaluate(
        self,
        source: Source | None = None,
        *,
        split: SplitName = "test",
        num_samples: int = 100,
        seed: int = 0,
        batch_size: int | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Evidence:
        """Measure the model: see `latentia.evaluate`.

        Args:
            source: Rows to measure it on; by default those of `split`.
            split: A split of the run's own data.
            num_samples: K, importance samples for each row.
            seed: Of all noise.
            batch_size: Rows at a time.
            progress: Called with (rows done, rows in all).

        Returns:
            The evidence.
        """
        rows = self.split(split) if source is None else source
        return evaluate(self.model, rows, num_samples=num_samples, seed=seed, batch_size=batch_size, progress=progress)

    def with_density(self, kind: DensityName = "mixture", *, components: int = 10, seed: int = 0) -> DataModel:
        """The model with a prior fitted to the codes of its training rows: see `latentia.fit_density`.

        Args:
            kind: `gaussian`, `mixture` or `flow`.
            components: Gaussians of the mixture.
            seed: Of the fit.

        Returns:
            A copy of the model; an autoencoder's can be sampled.

        Raises:
            CompatibilityError: Several groups of latent variables, or codes that are no real vectors.
            DataError: The rows that the run was trained on cannot be read any more.
        """
        try:
            rows = self.split("train").x
        except DataError as error:
            raise DataError(f"a density is fitted to the codes of the rows the run was trained on: {error}") from error
        return with_prior(self.model, fit_density(self.model, rows, kind, components=components, seed=seed))

    def impute(self, data: Any, *, num_samples: int = 1000, seed: int = 0) -> Imputation:
        """Fill the missing cells of rows: see `latentia.impute`."""
        return impute(self.model, data, num_samples=num_samples, seed=seed)

    def posterior(
        self,
        data: Any,
        *,
        method: Method = "nuts",
        chains: int = 4,
        num_samples: int = 500,
        warmup: int = 300,
        mass: Mass = "diagonal",
        seed: int = 0,
        progress: Callable[[int, int], None] | None = None,
    ) -> VAEPosterior:
        """The true posterior p(z|x) of rows by Markov chains, with q(z|x) held against it.

        Grey values under a Bernoulli likelihood are drawn once, as in training, and both posteriors are of what was
        drawn.

        Args:
            data: `[N, *shape]` in the data's units; a handful of rows, all moved in one pass.
            method: `nuts` or `hmc`.
            chains: For each row.
            num_samples: Draws of each chain.
            warmup: Draws before them.
            mass: What is learned of the scale: `diagonal`, `dense` or `identity`.
            seed: Of all noise.
            progress: Called after each draw with (draws made, draws in all).

        Returns:
            See `VAEPosterior`: draws in the latent space, R-hat and effective draws of each row, mean shift and
            variance ratio of q.

        Raises:
            CompatibilityError: Several groups of latent variables, discrete or spherical ones, or no densities.
        """
        with torch.no_grad(), seeded(seed, self.model.device):
            x = self.model.preparation(self.model.as_batch(data))
        return refine_posterior(
            self.model.vae, x, method=method, chains=chains, num_samples=num_samples, warmup=warmup, mass=mass,
            seed=seed, progress=progress,
        )  # fmt: skip

    def sample(self, num: int, *, temperature: float = 1.0, mean: bool = True) -> Tensor:
        """New data from the prior: see `DataModel.sample`."""
        return self.model.sample(num, temperature=temperature, mean=mean)

"""How good a model's samples are: likeness to held-out rows, diversity, and whether training rows are repeated."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from latentia.conditionals import Need
from latentia.data.source import Source
from latentia.data_model import DataModel, seeded
from latentia.errors import CompatibilityError, ConfigurationError, DataError
from latentia.evaluation.generation.distances import feature_matrix
from latentia.evaluation.generation.diversity import PairSimilarity, pair_similarity
from latentia.evaluation.generation.features import Features, as_features
from latentia.evaluation.generation.fidelity import COVERAGE_K, PRECISION_K, Fidelity, fidelity
from latentia.evaluation.generation.memorisation import Memorisation, memorisation
from latentia.evaluation.generation.neighbours import nearest_in
from latentia.evaluation.generation.quality_words import verdict
from latentia.evaluation.generation.reconstruction import has_structure
from latentia.evaluation.generation.ssim import scales_that_fit

FEWEST = 20
"""Fewer rows say nothing of a distribution."""
_JUDGED = 1000
"""Samples, and held-out rows, whose nearest training rows are sought."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationQuality:
    """What the samples of a model are worth.

    Attributes:
        samples: Likeness of samples to held-out rows.
        training: Likeness of as many training rows to them: what a perfect model would be given, with the same biases.
        diversity: Similarity of pairs of samples; pictures only.
        data_diversity: Similarity of pairs of held-out rows.
        scales: What of the five scales of the similarity fits into the pictures, in words.
        memorisation: Distances to the training rows, of samples and of held-out rows.
        features: Name of the features that distances are measured in.
        num_features: F.
        num_rows: Samples, held-out rows and training rows, equally many, that likeness is measured on.
        means: Whether samples are the means of p(x|z), or draws from it.
        precision_k: Neighbours of precision and recall.
        coverage_k: Neighbours of density and coverage.
        seed: Of samples, subsets and pairs.
        notes: What could not be measured, or not as defined, and why.
        verdict: In words.
    """

    samples: Fidelity
    training: Fidelity
    diversity: PairSimilarity | None
    data_diversity: PairSimilarity | None
    scales: str | None
    memorisation: Memorisation
    features: str
    num_features: int
    num_rows: int
    means: bool
    precision_k: int = PRECISION_K
    coverage_k: int = COVERAGE_K
    seed: int
    notes: tuple[str, ...]
    verdict: str

    def to_dict(self) -> dict[str, Any]:
        """A plain dictionary, ready for JSON."""
        return asdict(self)


def measure(
    model: DataModel,
    source: Source,
    train: Source,
    *,
    num_samples: int = 5000,
    features: Any = "pixels",
    means: bool | None = None,
    seed: int = 0,
) -> GenerationQuality:
    """Compare a model's samples with rows that it was not trained on, and with those that it was.

    Equally many samples, held-out rows and training rows are compared, so that numbers are comparable: as many as the
    smallest of the three allows. Memorisation looks at up to 1,000 samples and held-out rows against every training
    row. Every number depends on the features; models are compared in the same ones.

    Args:
        model: A trained model that can be sampled.
        source: Held-out rows, at least 20.
        train: The rows that it was trained on.
        num_samples: Samples, at most.
        features: `pixels` (the values themselves, on one scale), `encoder` (the model's own), another `DataModel`, a
            `classifier`, any module or function of a batch.
        means: Whether a sample is the mean of p(x|z) or a draw from it; by default means for pictures, else draws.
        seed: Of all randomness.

    Returns:
        The quality.

    Raises:
        CompatibilityError: A model without a prior to sample from, or an encoder of other data.
        DataError: Too few rows, or rows whose features are not finite.
        ConfigurationError: Too few samples, or no features of that name.
    """
    if Need.SAMPLES not in model.vae.provides:
        raise CompatibilityError(
            "this model has no prior to sample from; give it one by an ex-post density (latentia.operate.fit_density)"
        )
    if num_samples < FEWEST:
        raise ConfigurationError(f"num_samples is {num_samples}; give at least {FEWEST}")
    n = min(num_samples, len(source), len(train))
    if n < FEWEST:
        raise DataError(
            f"{len(source)} held-out rows and {len(train)} training rows are too few: give at least {FEWEST} of each"
        )
    chosen = as_features(features, model)
    means = model.spec.kind == "image" if means is None else means
    # Memorisation is likeliest where training rows are few: there the other two are not cut to their number.
    judged = min(num_samples, _JUDGED)
    with seeded(seed, model.device):
        drawn = model.sample(max(n, judged), mean=means)
    held_out, trained = _rows(source, max(n, min(judged, len(source))), seed), _rows(train, n, seed)
    of_samples = feature_matrix(chosen(drawn), f"the features {chosen.name!r} of the samples")
    size = of_samples.shape[1]
    real = feature_matrix(chosen(held_out), f"the features {chosen.name!r} of the held-out rows", columns=size)
    known = feature_matrix(chosen(trained), f"the features {chosen.name!r} of the training rows", columns=size)
    samples = fidelity(real[:n], of_samples[:n], seed=seed)
    training = fidelity(real[:n], known, seed=seed)
    copied = _memorisation(of_samples[:_JUDGED], real[:_JUDGED], known, train, chosen, seed)
    notes, diversity, data_diversity, scales = [], None, None, None
    if has_structure(model.spec) and model.spec.missing == 0:
        span = model.spec.high - model.spec.low
        fit = scales_that_fit(*model.spec.shape[1:])
        diversity = pair_similarity(drawn[:n], span=span, seed=seed)
        data_diversity = pair_similarity(held_out[:n], span=span, seed=seed)
        scales = str(fit)
        if fit.number < 5:
            notes.append(f"the pictures are too small for the five scales of MS-SSIM: {scales}")
    else:
        notes.append(f"no MS-SSIM: {_why_not(model)}")
    if samples.fid is None:
        notes.append(f"no FID: {size:,} features would take hours; take those of an encoder or a classifier")
    elif n <= size:
        notes.append(f"FID of {n:,} rows with {size:,} features rests on singular covariances: its bias is large")
    return GenerationQuality(
        samples=samples,
        training=training,
        diversity=diversity,
        data_diversity=data_diversity,
        scales=scales,
        memorisation=copied,
        features=chosen.name,
        num_features=size,
        num_rows=n,
        means=means,
        seed=seed,
        notes=tuple(notes),
        verdict=verdict(samples, training, diversity, data_diversity, copied),
    )


def _rows(source: Source, n: int, seed: int) -> Tensor:
    """N random rows of a source, on the CPU."""
    parts: list[Tensor] = []
    for batch in source.batches(min(n, 1024), seed=seed):
        parts.append(batch.x.cpu())
        if sum(map(len, parts)) >= n:
            break
    return torch.cat(parts)[:n]


def _memorisation(
    samples: Tensor, held_out: Tensor, known: Tensor, train: Source, features: Features, seed: int
) -> Memorisation:
    near = nearest_in(torch.cat([held_out, samples]).to(known.dtype), train, features).distance
    cells = _cells(known, torch.cat([held_out, samples]), seed)
    n = len(held_out)
    return memorisation(near[:n], near[n:], held_out_cells=cells[:n], sample_cells=cells[n:])


def _cells(known: Tensor, queries: Tensor, seed: int) -> Tensor:
    """The cell of each query in a partition by k-means of training rows: one for every 100 queries, at most 10."""
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    number = min(10, len(queries) // 100)
    if number < 2:
        return torch.zeros(len(queries), dtype=torch.long)
    with warnings.catch_warnings():
        # Rows that repeat make fewer clusters than asked for; they are cells all the same.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = KMeans(number, n_init=1, random_state=seed % 2**32).fit(known[:_JUDGED].double().numpy())
    return torch.from_numpy(fitted.predict(queries.double().numpy())).long()


def _why_not(model: DataModel) -> str:
    spec = model.spec
    if spec.kind != "image":
        return f"{spec.name!r} are columns, and structure is compared between neighbouring pixels of pictures"
    if spec.missing > 0:
        return f"pictures of {spec.name!r} have missing pixels"
    return f"pictures of {spec.shape[1]} x {spec.shape[2]} pixels from {spec.low:g} to {spec.high:g} have no structure"

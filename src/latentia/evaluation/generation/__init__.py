"""The quality of what a model generates: likeness to data, diversity, memorisation, and what reconstructions lose.

`measure` and `reconstruction_quality` take a model; everything else takes arrays, so that any samples can be measured.
"""

from latentia.evaluation.generation.classifier import Classifier, classifier
from latentia.evaluation.generation.density_coverage import DensityCoverage, density_coverage, expected_coverage
from latentia.evaluation.generation.diversity import PairSimilarity, pair_similarity
from latentia.evaluation.generation.features import FeatureMap, Features, encoder_of, module_features, pixels
from latentia.evaluation.generation.fidelity import Fidelity, fidelity
from latentia.evaluation.generation.frechet import frechet_at_infinity, frechet_distance, frechet_of_moments
from latentia.evaluation.generation.kernel_distance import KernelDistance, kernel_distance, polynomial_mmd
from latentia.evaluation.generation.memorisation import (
    Memorisation,
    copying_statistic,
    memorisation,
    rank_statistic,
    share_below,
)
from latentia.evaluation.generation.neighbours import Neighbours, nearest_in
from latentia.evaluation.generation.precision_recall import PrecisionRecall, precision_recall
from latentia.evaluation.generation.quality import GenerationQuality, measure
from latentia.evaluation.generation.reconstruction import (
    ReconstructionQuality,
    RowErrors,
    reconstruction_quality,
    row_errors,
)
from latentia.evaluation.generation.ssim import Scales, ms_ssim, scales_that_fit

__all__ = [
    "Classifier",
    "DensityCoverage",
    "FeatureMap",
    "Features",
    "Fidelity",
    "GenerationQuality",
    "KernelDistance",
    "Memorisation",
    "Neighbours",
    "PairSimilarity",
    "PrecisionRecall",
    "ReconstructionQuality",
    "RowErrors",
    "Scales",
    "classifier",
    "copying_statistic",
    "density_coverage",
    "encoder_of",
    "expected_coverage",
    "fidelity",
    "frechet_at_infinity",
    "frechet_distance",
    "frechet_of_moments",
    "kernel_distance",
    "measure",
    "memorisation",
    "module_features",
    "ms_ssim",
    "nearest_in",
    "pair_similarity",
    "pixels",
    "polynomial_mmd",
    "precision_recall",
    "rank_statistic",
    "reconstruction_quality",
    "row_errors",
    "scales_that_fit",
    "share_below",
]

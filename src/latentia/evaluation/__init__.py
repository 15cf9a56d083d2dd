"""How good a model is: likelihoods with their errors, what bounds leave out, and what the code is spent on."""

from latentia.evaluation.annealed import annealed_evidence, annealed_log_likelihood
from latentia.evaluation.decomposition import kl_decomposition
from latentia.evaluation.evidence import Evidence, evaluate
from latentia.evaluation.expected_units import expected_after, expected_before
from latentia.evaluation.gradient_noise import GradientNoise, gradient_noise
from latentia.evaluation.health import latent_health
from latentia.evaluation.inference_gaps import inference_gaps
from latentia.evaluation.latent_health import active_units
from latentia.evaluation.log_likelihood import log_likelihood
from latentia.evaluation.metrics import METRICS, measure
from latentia.evaluation.predictive_checks import PredictiveReport, predictive_checks
from latentia.evaluation.probes import ProbeReport, probe
from latentia.evaluation.rate_distortion import rate_distortion
from latentia.evaluation.simulated_sandwich import sandwich
from latentia.evaluation.validation import validate

__all__ = [
    "METRICS",
    "Evidence",
    "GradientNoise",
    "PredictiveReport",
    "ProbeReport",
    "active_units",
    "annealed_evidence",
    "annealed_log_likelihood",
    "evaluate",
    "expected_after",
    "expected_before",
    "gradient_noise",
    "inference_gaps",
    "kl_decomposition",
    "latent_health",
    "log_likelihood",
    "measure",
    "predictive_checks",
    "probe",
    "rate_distortion",
    "sandwich",
    "validate",
]

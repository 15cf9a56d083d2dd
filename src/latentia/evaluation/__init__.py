"""How good a model is: the bounds of training over a whole split, with standard errors, and the health of its code."""

from latentia.evaluation.evidence import Evidence, evaluate
from latentia.evaluation.gradient_noise import GradientNoise, gradient_noise
from latentia.evaluation.latent_health import active_units
from latentia.evaluation.log_likelihood import log_likelihood
from latentia.evaluation.predictive_checks import PredictiveReport, predictive_checks
from latentia.evaluation.probes import ProbeReport, probe
from latentia.evaluation.validation import validate

__all__ = [
    "Evidence",
    "GradientNoise",
    "PredictiveReport",
    "ProbeReport",
    "active_units",
    "evaluate",
    "gradient_noise",
    "log_likelihood",
    "predictive_checks",
    "probe",
    "validate",
]

"""Anomalies: how strange a model finds a row, and whether that finds what was labelled strange."""

from latentia.evaluation.anomaly.latent_distance import aggregate_moments, mahalanobis
from latentia.evaluation.anomaly.ranking import auroc, average_precision
from latentia.evaluation.anomaly.report import AnomalyReport, ScoreQuality, measure
from latentia.evaluation.anomaly.scores import Yardstick, anomaly_scores, yardstick

__all__ = [
    "AnomalyReport",
    "ScoreQuality",
    "Yardstick",
    "aggregate_moments",
    "anomaly_scores",
    "auroc",
    "average_precision",
    "mahalanobis",
    "measure",
    "yardstick",
]

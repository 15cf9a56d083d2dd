"""Objectives: what is minimised. A bound, its options, and what it requires of a model."""

from latentia.objectives.autoencoding import Reconstruction
from latentia.objectives.elbo import ELBO
from latentia.objectives.importance import IWAE, Importance
from latentia.objectives.penalty import Adversary, Penalty
from latentia.objectives.piwae import PIWAE
from latentia.objectives.protocol import Loss, Objective, Step, require
from latentia.objectives.schedules import Cyclical, Ramp, Schedule
from latentia.objectives.score import Baseline
from latentia.objectives.two_stage import TwoStage

__all__ = [
    "ELBO",
    "IWAE",
    "PIWAE",
    "Adversary",
    "Baseline",
    "Cyclical",
    "Importance",
    "Loss",
    "Objective",
    "Penalty",
    "Ramp",
    "Reconstruction",
    "Schedule",
    "Step",
    "TwoStage",
    "require",
]

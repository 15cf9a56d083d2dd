"""Objectives: what is minimised. A bound, its options, and what it requires of a model."""

from latentia.objectives.autoencoding import Reconstruction
from latentia.objectives.elbo import ELBO
from latentia.objectives.iwae import IWAE
from latentia.objectives.penalty import Adversary, Penalty
from latentia.objectives.protocol import Loss, Objective, Step, require
from latentia.objectives.schedules import Cyclical, Ramp, Schedule

__all__ = [
    "ELBO",
    "IWAE",
    "Adversary",
    "Cyclical",
    "Loss",
    "Objective",
    "Penalty",
    "Ramp",
    "Reconstruction",
    "Schedule",
    "Step",
    "require",
]

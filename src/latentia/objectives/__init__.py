"""Objectives: what is minimised. A bound, its options, and what it requires of a model."""

from latentia.objectives.autoencoding import Reconstruction
from latentia.objectives.elbo import ELBO
from latentia.objectives.iwae import IWAE
from latentia.objectives.protocol import Loss, Objective, Step, require

__all__ = ["ELBO", "IWAE", "Loss", "Objective", "Reconstruction", "Step", "require"]

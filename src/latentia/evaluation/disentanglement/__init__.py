"""Whether each factor of variation has a dimension of the code to itself: the scores of the literature."""

from latentia.evaluation.disentanglement.beta_vae_score import beta_vae_score
from latentia.evaluation.disentanglement.dci import DCI, dci
from latentia.evaluation.disentanglement.explicitness import Explicitness, explicitness
from latentia.evaluation.disentanglement.factor_vae_score import FactorVAEScore, factor_vae_score
from latentia.evaluation.disentanglement.factors import Factors
from latentia.evaluation.disentanglement.gap import FactorGaps
from latentia.evaluation.disentanglement.homes import Home
from latentia.evaluation.disentanglement.irs import IRS, irs
from latentia.evaluation.disentanglement.measure import METRICS, Disentanglement, measure, measure_codes
from latentia.evaluation.disentanglement.mig import mig
from latentia.evaluation.disentanglement.modularity import Modularity, modularity
from latentia.evaluation.disentanglement.sap import sap
from latentia.evaluation.disentanglement.shared_factor import SharedFactor, SharedFactorRows

__all__ = [
    "DCI",
    "IRS",
    "METRICS",
    "Disentanglement",
    "Explicitness",
    "FactorGaps",
    "FactorVAEScore",
    "Factors",
    "Home",
    "Modularity",
    "SharedFactor",
    "SharedFactorRows",
    "beta_vae_score",
    "dci",
    "explicitness",
    "factor_vae_score",
    "irs",
    "measure",
    "measure_codes",
    "mig",
    "modularity",
    "sap",
]

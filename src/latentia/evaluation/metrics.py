"""What can be measured of a model, by name: one line for each metric."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from latentia.data.source import Source
from latentia.data_model import DataModel
from latentia.errors import CompatibilityError, ConfigurationError
from latentia.evaluation.annealed import annealed_evidence
from latentia.evaluation.decomposition import kl_decomposition
from latentia.evaluation.evidence import evaluate
from latentia.evaluation.health import latent_health
from latentia.evaluation.inference_gaps import inference_gaps
from latentia.evaluation.predictive_checks import predictive_checks
from latentia.evaluation.simulated_sandwich import simulated_sandwich


class Measured(Protocol):
    """A measurement."""

    def to_dict(self) -> dict[str, Any]:
        """A plain dictionary, ready for JSON; a name and the same name with `_se` are a figure and its error."""
        ...


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Attributes:
        function: Takes a model and a source, and a `seed` by name; of further options (`beta`, `progress`, ...) it is
            given those that it names.
        description: In a line.
    """

    function: Callable[..., Measured]
    description: str


METRICS: dict[str, Metric] = {
    "likelihood": Metric(evaluate, "ELBO, -log p(x) by importance sampling with its k-hat, bits/dim, reconstruction"),
    "ais": Metric(annealed_evidence, "log p(x) of 100 rows by annealed importance sampling, whatever the posterior"),
    "bdmc": Metric(simulated_sandwich, "log p(x) of 100 simulated rows from both sides: how far annealing can be off"),
    "gaps": Metric(inference_gaps, "what the posterior's family and what the encoder leave of log p(x), on 100 rows"),
    "decomposition": Metric(kl_decomposition, "the KL as information on rows, total correlation and dimensions"),
    "checks": Metric(predictive_checks, "statistics of samples against those of rows: what the model gets wrong"),
    "health": Metric(latent_health, "active dimensions against PCA's number, collapse, saturation; what to try"),
}
"""Every metric, in the order in which they are reported."""


def chosen(names: Iterable[str]) -> tuple[str, ...]:
    """Metrics by name, in the order of the table.

    Args:
        names: Of metrics; `all` for every one.

    Returns:
        Their names, each once.

    Raises:
        ConfigurationError: There is no such metric, or none was named; lists those there are.
    """
    wanted = set(names)
    unknown = sorted(wanted - METRICS.keys() - {"all"})
    if unknown or not wanted:
        listed = "; ".join(f"{name} ({metric.description})" for name, metric in METRICS.items())
        what = f"there is no metric {unknown[0]!r}" if unknown else "no metric was named"
        raise ConfigurationError(f"{what}; there are all, {listed}")
    return tuple(name for name in METRICS if name in wanted or "all" in wanted)


def measure(
    model: DataModel,
    source: Source,
    names: Iterable[str],
    *,
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
    strict: bool = True,
) -> dict[str, Measured | CompatibilityError]:
    """Measure several things of a model on a split.

    Args:
        model: The model.
        source: The split.
        names: Of metrics, or `all`.
        seed: Of all noise.
        options: By name, for the metrics that know them.
        strict: Whether a metric that the model does not define is an error, or its place is left to say why.

    Returns:
        Name to measurement, or (where not strict) to the reason why there is none.

    Raises:
        ConfigurationError: There is no such metric.
        CompatibilityError: A metric is not defined for this model.
    """
    found: dict[str, Measured | CompatibilityError] = {}
    for name in chosen(names):
        function = METRICS[name].function
        known = inspect.signature(function).parameters
        taken = {key: value for key, value in (options or {}).items() if key in known}
        try:
            found[name] = function(model, source, seed=seed, **taken)
        except CompatibilityError as error:
            if strict:
                raise CompatibilityError(f"{name}: {error}") from error
            found[name] = error
    return found

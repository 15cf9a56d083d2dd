"""What a report is made of: everything the pictures and the page need, gathered by whoever ran the training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from latentia.data.dataset import Dataset
    from latentia.data.spec import DataSpec, SplitName
    from latentia.data_model import DataModel
    from latentia.evaluation import Evidence
    from latentia.recipes import RecipeInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInput:
    """A finished (or interrupted) run, as the report sees it.

    Attributes:
        model: The trained model, with the weights that are kept.
        dataset: The data with all splits; None where they can no longer be read, then pictures of data are left out.
        evidence: The measurement of `model` on `split`.
        split: The split that `evidence` was measured on.
        metrics: Rows of `metrics.jsonl`: `step`, `epoch`, `train` and perhaps `validation` (name to value), ...
        recipe: Name, summary, citation and options of the recipe.
        options: The recipe's options as they were resolved.
        plan: The training plan as plain values.
        environment: What ran it (versions, threads, processor, ...), name to value, shown as it is.
        run: The run folder as a person would type it; stands in the commands of the report.
        seconds: Wall-clock time of the training, in seconds.
        seed: Of every random draw in the pictures.
    """

    model: DataModel
    dataset: Dataset | None
    evidence: Evidence
    split: SplitName = "test"
    metrics: Sequence[Mapping[str, Any]] = ()
    recipe: RecipeInfo
    options: Mapping[str, Any] = field(default_factory=dict)
    plan: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    run: str
    seconds: float | None = None
    seed: int = 0

    @property
    def spec(self) -> DataSpec:
        """The description of the data that the model was trained on."""
        return self.model.spec

"""What stands under each picture: what it shows, how to read it, and what it says to those who cannot see it."""

from __future__ import annotations

from dataclasses import dataclass

from latentia.operate import has_prior
from latentia.report.report_input import ReportInput


@dataclass(frozen=True, slots=True)
class Caption:
    """The words of a picture.

    Attributes:
        title: A heading.
        reading: How to read it.
        alt: What it shows, for those who cannot see it.
    """

    title: str
    reading: str
    alt: str


def caption(name: str, run: ReportInput) -> Caption:
    """The words of a picture of this run.

    Args:
        name: One of `PICTURES`.
        run: The run.

    Returns:
        Its caption.
    """
    images, prior = run.spec.kind == "image", has_prior(run.model)
    groups = list(run.model.latent_sizes)
    match name:
        case "reconstructions" if images:
            sample = (
                " The third row is drawn from p(x|z), noise included: what the model believes data look like."
                if prior
                else ""
            )
            return Caption(
                "Reconstructions",
                f"Each column is one {run.split} picture, encoded and decoded again: the closer the second row is to "
                "the first, the more the code remembers. The second row shows means, which are smooth by "
                f"nature.{sample}",
                f"A grid of {run.split} pictures above their reconstructions.",
            )
        case "reconstructions":
            return _of_rows(run, prior)
        case "samples" if images:
            return Caption(
                "New pictures from the prior",
                "Both sides decode the same codes, drawn from the prior. Left the mean of p(x|z), as such pictures "
                "are mostly shown; right a draw from p(x|z), which is what the model claims data look like.",
                "Two grids of generated pictures, means on the left and samples on the right.",
            )
        case "samples":
            return Caption(
                "New rows from the prior",
                "Where the samples (blue) cover the data (grey), the model has learned that column. Means alone "
                "(dotted) leave out the noise and are narrower.",
                "Charts that compare generated values with the data.",
            )
        case "traversals" if images:
            return Caption(
                "What the latent dimensions stand for",
                f"Each row moves one dimension{_steps(prior)} while the others stay in the middle: what changes "
                "along a row is what the dimension stands for; a row that never changes stands for "
                f"nothing.{_below(groups)}",
                "A grid of decoded pictures, each row a latent dimension moved from low to high.",
            )
        case "traversals":
            return Caption(
                "What the latent dimensions stand for",
                f"Each map moves one dimension{_steps(prior)} while the others stay in the middle: red columns rise, "
                f"blue ones fall, white ones do not depend on it.{_codes(run)}{_below(groups)}",
                "Heat maps of how every column changes as one latent dimension moves.",
            )
        case "latent_map":
            by = (
                ", coloured by class: classes that lie apart are told apart by the code, though no label was used"
                if run.spec.classes
                else ""
            )
            return Caption(
                "Map of the codes",
                f"Each point is the code (posterior mean) of one row, from all splits{by}. More than two active "
                "dimensions are laid flat along their two principal components, so what overlaps here may lie apart.",
                "A scatter chart of codes on a plane.",
            )
        case "curves":
            held = "a gap between them that grows means that rows are learned by heart."
            what = "The ELBO is the reconstruction term minus the KL; all are" if prior else "The curves are"
            if any("bound" in (row.get("train") or {}) for row in run.metrics):
                what = f"The importance-weighted bound is what was trained, and tighter than the ELBO. {what}"
            return Caption(
                "Training",
                f"{what} means over rows, and higher is better except for the KL. Validation rows were never trained "
                f"on: {held}",
                "Curves of the training terms by epoch, for training and validation rows.",
            )
        case "kl_per_dim":
            return Caption(
                "How much each dimension carries",
                "Mean KL of the posterior from the prior, in nats: how much a dimension says of a row. Grey "
                "dimensions are inactive: their code hardly differs between rows.",
                "A bar chart of the KL of every latent dimension, in falling order.",
            )
        case "code_spread":
            return Caption(
                "How much each dimension varies",
                "Standard deviation over rows of each dimension of the code. Grey dimensions hardly vary and carry "
                "nothing.",
                "A bar chart of the spread of every latent dimension, in falling order.",
            )
    raise AssertionError(f"there is no picture called {name!r}")


def _of_rows(run: ReportInput, prior: bool) -> Caption:
    """Reconstructions of rows of columns: of a mixed table, of a wide one, of a narrow one."""
    if run.spec.columns is not None:
        return Caption(
            "Reconstructions",
            "Each chart is a column. Of amounts a dot is a row: on the diagonal its value came back exactly. Of "
            "categories and of zeros and ones the map shows, from left to right by what was there, how often each "
            f"came back (dark is often): the diagonal is right.{_gaps(run)}",
            f"Charts of what came back for what was there in {run.split} rows, one for each column.",
        )
    if run.spec.num_dims > 12:
        return Caption(
            "Reconstructions",
            f"Each chart is one {run.split} row, column by column, in standard deviations from the column's "
            "mean: the line should pass through the dots"
            + (", and the grey line stray from it about as far as the dots do." if prior else "."),
            f"Charts of single {run.split} rows, original values as dots and reconstructions as lines.",
        )
    return Caption(
        "Reconstructions",
        "Each dot is a row: on the diagonal its value came back exactly; a flat cloud means the code "
        "forgets this column. R² is the share of the column's variance that came back; below zero the "
        "column's mean would do better.",
        f"Scatter charts of reconstructed against original values of {run.split} rows, one for each column.",
    )


def _gaps(run: ReportInput) -> str:
    return " Missing cells are left out." if run.spec.missing > 0 else ""


def _codes(run: ReportInput) -> str:
    coded = sum(column.coded for column in run.spec.columns or ())
    return " Columns of categories neither rise nor fall and are left out." if coded else ""


def _steps(prior: bool) -> str:
    return f" through ±3 standard deviations of {'the prior' if prior else 'the codes'}"


def _below(groups: list[str]) -> str:
    if len(groups) == 1:
        return ""
    return f" Groups below the one that moves ({', '.join(groups[1:])}) follow it."

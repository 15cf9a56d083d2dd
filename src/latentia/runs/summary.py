"""The end of a run in a few lines."""

from __future__ import annotations

from collections.abc import Iterator

from latentia.evaluation import Evidence
from latentia.runs.run import Run


def summary(run: Run) -> Iterator[str]:
    """What came of a run, and where it lies.

    Args:
        run: A finished run.

    Yields:
        Lines.
    """
    if run.evidence is not None:
        yield from figures(run.evidence, f"{run.evidence.num_examples:,} test rows")
    yield f"report: {run.report}" if run.report is not None else f"run: {run.folder}"


def figures(evidence: Evidence, rows: str) -> Iterator[str]:
    """A measurement for people.

    Args:
        evidence: The measurement.
        rows: What was measured, such as `180 test rows`.

    Yields:
        Lines.
    """
    reconstruction = f"reconstruction {evidence.reconstruction:.2f}"
    if evidence.nll is not None:
        error = _error(evidence.nll_se)
        yield f"-log p(x) ≤ {evidence.nll:.2f}{error} nats, with {evidence.num_samples:,} samples for each of {rows}"
        if evidence.k_hat_verdict is not None:
            yield evidence.k_hat_verdict
    if evidence.elbo is not None and evidence.kl is not None:
        yield f"ELBO: {evidence.elbo:.2f}{_error(evidence.elbo_se)} nats = {reconstruction} - KL {evidence.kl:.2f}"
    else:
        yield f"{reconstruction} nats, mean of {rows}; this model has no likelihood bound"
    parts = [] if evidence.bits_per_dim is None else [f"{evidence.bits_per_dim:.4f} bits/dim"]
    parts.append(f"{evidence.active_units} of {evidence.latent_dim} latent dimensions active")
    parts.append(f"reconstruction error {evidence.mse:.4g} (mean square)")
    yield "; ".join(parts)
    if evidence.units != "nats of probability":
        yield f"in {evidence.units}: comparable with densities of the same data only"


def _error(standard_error: float | None) -> str:
    return "" if standard_error is None else f" ± {standard_error:.2f}"

"""The key numbers of a run, each with its unit and one line that explains it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from latentia.operate import has_prior
from latentia.report.noise import FAMILIES, Noise, family_of
from latentia.report.report_input import ReportInput
from latentia.report.style import number


@dataclass(frozen=True, slots=True)
class Figure:
    """One number.

    Attributes:
        name: What it is called.
        value: With its standard error.
        unit: Its unit.
        meaning: One line.
        key: Whether it stands at the top of the page.
    """

    name: str
    value: str
    unit: str
    meaning: str
    key: bool = False


def with_error(value: float, error: float | None) -> str:
    """A number and its standard error, to two digits of the latter.

    >>> with_error(-88.2143, 0.934), with_error(3.0, None), with_error(1234.5, 12.0)
    ('−88.21 ± 0.93', '3', '1,234 ± 12')
    """
    if error is None or not 0 < error < math.inf:
        return number(value)
    places = max(0, 1 - math.floor(math.log10(error)))
    return f"{value:,.{places}f} ± {error:,.{places}f}".replace("-", "−")


def dimension_noun(run: ReportInput) -> str:
    """What one dimension of the data is called."""
    if run.spec.kind == "vector":
        return "column"
    return "pixel" if run.spec.shape[0] == 1 else "colour value"


def figures(run: ReportInput, noise: Noise | None) -> Iterator[Figure]:
    """The numbers that this model defines.

    Args:
        run: The run.
        noise: Of a likelihood on the real line, where it was measured.

    Yields:
        Numbers, in reading order.
    """
    evidence = run.evidence
    yield from _bounds(run)
    yield Figure(
        "Active units",
        f"{evidence.active_units} of {evidence.latent_dim}",
        "latent dimensions",
        "Dimensions whose code varies over rows (variance of the posterior mean above 0.01). The others say nothing.",
        key=True,
    )
    rmse = math.sqrt(evidence.mse)
    scale = f" on a scale from {number(run.spec.low)} to {number(run.spec.high)}" if run.spec.kind == "image" else ""
    yield Figure(
        "Reconstruction error",
        number(rmse),
        "RMSE, in the data's units",
        f"Root of the mean squared difference between a row and its reconstruction from the posterior's mean{scale}.",
        key=True,
    )
    if evidence.psnr is not None:
        yield Figure(
            "PSNR",
            number(evidence.psnr),
            "dB",
            "The same error in decibels against the data's range; higher is better.",
        )
    if evidence.sigma is not None:
        yield from _sigma(run, evidence.sigma, noise)


def _bounds(run: ReportInput) -> Iterator[Figure]:
    evidence = run.evidence
    if evidence.nll is not None:
        yield Figure(
            "−log p(x)",
            with_error(evidence.nll, evidence.nll_se),
            f"nats, K = {evidence.num_samples:,}",
            f"How surprised the model is by a {run.split} row; lower is better. Estimated with K samples of the "
            "posterior a row, which errs upwards: it falls a little as K grows. ± is the standard error over rows.",
            key=True,
        )
    if evidence.bits_per_dim is not None:
        density = evidence.units != "nats of probability"
        note = " It comes from a density, so it may be negative and depends on the data's units." if density else ""
        yield Figure(
            "Bits per dimension",
            number(evidence.bits_per_dim),
            f"bits a {dimension_noun(run)}",
            f"−log p(x) in bits, divided by the {run.spec.num_dims:,} {dimension_noun(run)}s of a row; lower is "
            f"better.{note}",
            key=True,
        )
    if evidence.elbo is not None:
        yield Figure(
            "ELBO",
            with_error(evidence.elbo, evidence.elbo_se),
            "nats",
            "The evidence lower bound, what a VAE is trained to raise: the reconstruction term minus the KL; at "
            "most log p(x).",
            key=True,
        )
    yield Figure(
        "Reconstruction term",
        number(evidence.reconstruction),
        "nats",
        "Mean log-likelihood of a row given codes from its posterior; higher is better.",
    )
    if evidence.kl is not None:
        yield Figure(
            "KL",
            number(evidence.kl),
            "nats",
            "How far the posterior of a row lies from the prior: the information that the code carries of it, and "
            "its price.",
        )
    if evidence.nll is not None and evidence.elbo is not None:
        yield Figure(
            "Gap of the bound",
            number(-evidence.nll - evidence.elbo),
            "nats",
            "What the ELBO loses against the estimate above, because the encoder's posterior is not the true one; "
            "smaller is better.",
        )


def _sigma(run: ReportInput, sigma: float, noise: Noise | None) -> Iterator[Figure]:
    unit = "standard deviations of the data" if run.model.preparation.standardises else "on the scale 0 to 1"
    origin = {"fixed": "Fixed by hand", "optimal": "Computed from the errors on training rows"}
    name = FAMILIES.get(family_of(run.model))
    agree = "should agree" if name == "Gaussian" else "agree where errors are distributed like that"
    against = (
        ""
        if noise is None
        else f" Reconstructions are off by {number(noise.residual)} in the same units; the two {agree}."
    )
    if not has_prior(run.model):
        return
    yield Figure(
        "Noise, σ of p(x|z)",
        number(sigma),
        unit,
        f"{origin.get(str(run.options.get('scale')), 'Learned')}: the standard deviation that the "
        f"{f'{name} ' if name else ''}likelihood grants the data.{against}",
    )

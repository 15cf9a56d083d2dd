"""What a run shows that a person should know, and what to try."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from latentia.nets import ConvEncoder
from latentia.operate import has_prior
from latentia.report.curves import series
from latentia.report.noise import Noise, family_of
from latentia.report.report_input import ReportInput
from latentia.report.style import number

_COLLAPSED = 0.1
"""Nats of KL below which the code says nothing."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One finding.

    Attributes:
        title: The finding, in a few words.
        text: What was measured.
        remedy: What to try.
    """

    title: str
    text: str
    remedy: str


def advise(run: ReportInput, noise: Noise | None) -> list[Advice]:
    """All findings on a run, the gravest first.

    Args:
        run: The run.
        noise: Its scales, where there were data to measure them on.

    Returns:
        Findings; none is good news.
    """
    return [*_collapse(run), *_scales(run, noise), *_generalisation(run), *_length(run), *_size(run)]


def _collapse(run: ReportInput) -> Iterator[Advice]:
    evidence, size = run.evidence, run.model.latent_dim
    if not has_prior(run.model):
        return
    remedy = _revive(run)
    if evidence.kl is not None and evidence.kl < _COLLAPSED:
        yield Advice(
            "The code says nothing: the posterior has collapsed.",
            f"The KL is {number(evidence.kl)} nats, so every row gets about the same code and the model ignores it.",
            remedy,
        )
    elif evidence.active_units < size / 2:
        yield Advice(
            f"Only {evidence.active_units} of {size} latent dimensions are active.",
            "The others follow the prior whatever the data: they cost nothing, but they say nothing either.",
            f"That may be all the data need: then a smaller model (--latent-dim {max(evidence.active_units, 1)}) "
            "does the same. " + remedy,
        )


def _revive(run: ReportInput) -> str:
    """What brings collapsed dimensions back, as far as this recipe has the options for it."""
    options = {option.name for option in run.recipe.options}
    ways = []
    beta = run.options.get("beta")
    if isinstance(beta, int | float) and beta > 1:
        ways.append(f"lower beta (it is {beta:g})")
    if run.evidence.sigma is not None and "sigma" in options and run.options.get("scale") not in ("fixed", "optimal"):
        ways.append("start from less noise, which has the code explain more (--sigma 0.3)")
    if "num_samples" not in options:  # an importance-weighted bound has no KL to weight
        ways.append("let the weight of the KL rise slowly (--kl-warmup 20)")
    if "free_bits" in options:
        ways.append("give each dimension some nats for free (--free-bits 0.1)")
    text = ", ".join([*ways, "train longer"])
    return f"{text[0].upper()}{text[1:]}, or use a decoder with less power."


def _smaller(run: ReportInput) -> str:
    """How to make the network smaller, where the recipe lets one."""
    convolutional = any(isinstance(module, ConvEncoder) for module in run.model.vae.encoder.modules())
    option = "width" if convolutional else "hidden"
    return f" (--{option})" if option in {each.name for each in run.recipe.options} else ""


def _scales(run: ReportInput, noise: Noise | None) -> Iterator[Advice]:
    evidence = run.evidence
    if (evidence.saturation or 0.0) > 0.01:
        yield Advice(
            "Posterior scales have run to their bound.",
            f"{evidence.saturation:.0%} of the posterior's log standard deviations lie at the end of their range (-8 "
            "to 8).",
            "Look for outliers or constant columns in the data, lower the learning rate, or clip gradients "
            "(--clip-norm 100).",
        )
    if noise is None:
        return
    if noise.saturated > 0.01:
        yield Advice(
            "The likelihood's scale has run to its bound.",
            f"{noise.saturated:.0%} of the decoder's log standard deviations lie at the end of their range (-8 to 8). "
            "A density can grow without limit where data repeat exactly, and then the ELBO means little.",
            "Look for columns that are constant or copies of others, or fix the scale (--scale fixed --sigma 0.1).",
        )
    # What a wrong sigma does to the KL's weight is plain for a Gaussian alone.
    fixed = run.options.get("scale") == "fixed" and has_prior(run.model) and family_of(run.model) == "gaussian"
    if fixed and evidence.sigma and noise.residual and not 0.67 < noise.residual / evidence.sigma < 1.5:
        yield Advice(
            "The fixed noise does not fit the errors.",
            f"sigma is fixed at {number(evidence.sigma)}, while reconstructions are off by {number(noise.residual)}: "
            f"this acts like weighting the KL by about {number((evidence.sigma / noise.residual) ** 2)}.",
            "Learn it instead (--scale shared).",
        )


def _generalisation(run: ReportInput) -> Iterator[Advice]:
    train, held_out = (series(run.metrics, split, _watched(run)) for split in ("train", "validation"))
    if len(train) < 2 or len(held_out) < 2:
        return
    best = int(held_out[:, 1].argmax())
    peak, last = float(held_out[best, 1]), float(held_out[-1, 1])
    # A log-density may well be near zero; a tenth of a nat a dimension is then the scale of what matters.
    unit = max(abs(last), 0.1 * run.spec.num_dims)
    gap = float(train[-1, 1]) - last
    # With patience the best weights were kept, and the fall did no harm.
    fell = peak - last > 0.01 * unit and best < 0.8 * (len(held_out) - 1) and run.plan.get("patience") is None
    if fell:
        yield Advice(
            f"Validation was best in epoch {held_out[best, 0]:g} and fell since.",
            f"From {number(peak)} to {number(last)} nats: the model began to learn the training rows by heart.",
            f"Stop early and keep the best weights (--patience 10), use a smaller network{_smaller(run)} or more data.",
        )
    elif gap > 0.05 * unit:
        yield Advice(
            "Training rows are described better than validation rows.",
            f"By {number(gap)} nats a row at the end ({number(float(train[-1, 1]))} against {number(last)}).",
            f"More data or a smaller network{_smaller(run)} narrow the gap.",
        )


def _length(run: ReportInput) -> Iterator[Advice]:
    held_out = series(run.metrics, "validation", _watched(run))[:, 1]
    if len(held_out) < 5:
        return
    last = len(held_out) // 5 or 1
    gained = float(held_out[-last:].max() - held_out[:-last].max())
    if gained > 0.01 * max(abs(float(held_out[-1])), 0.1 * run.spec.num_dims):
        yield Advice(
            "The model was still getting better when training ended.",
            f"The last fifth of the run gained {number(gained)} nats on validation rows.",
            "Train longer (--epochs or --minutes).",
        )


def _size(run: ReportInput) -> Iterator[Advice]:
    if run.evidence.num_examples < 100:
        yield Advice(
            "The numbers rest on few rows.",
            f"Only {run.evidence.num_examples} {run.split} rows were measured; look at the standard errors.",
            "Hold out more, or measure on another file.",
        )


def _watched(run: ReportInput) -> str:
    """What the training raised: the tighter bound where there is one, the reconstruction term where there is none."""
    if not has_prior(run.model):
        return "reconstruction"
    return "bound" if len(series(run.metrics, "train", "bound")) else "elbo"

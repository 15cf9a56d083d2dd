"""Which anomaly score to use, in words."""

from __future__ import annotations

from collections.abc import Mapping

from latentia.evaluation.anomaly.baselines import NAMES as BASELINES

_CLEAR = 2.0
"""Standard errors beyond which a difference is taken for one."""
_WORDS = {
    "negative_iwae": "the negative importance-weighted bound",
    "negative_elbo": "the negative ELBO",
    "reconstruction": "the reconstruction error",
    "latent_distance": "the latent distance",
    "typicality": "typicality",
    "isolation_forest": "an isolation forest",
    "pca_reconstruction": "the reconstruction error of PCA",
}


def verdict(
    areas: Mapping[str, tuple[float, float | None]], best: str, baseline: str, advantage: float, error: float | None
) -> str:
    """Say which score to use here, and how far it can be trusted.

    Args:
        areas: Score to area under the ROC curve and its standard error.
        best: The model's best score.
        baseline: The best baseline.
        advantage: Area of the one minus area of the other.
        error: Standard error of this difference.

    Returns:
        A few sentences.
    """
    area, own_error = areas[best]
    if own_error is None or error is None:
        return (
            f"{_named(best)} has the largest area ({area:.3f}), but one row of a class is too few to judge by: label "
            "more rows."
        )
    said = f"AUROC {area:.3f} ± {own_error:.3f}"
    if area - _CLEAR * own_error <= 0.5:
        first = f"No score of this model finds these anomalies: the best, {_words(best)}, has {said}, chance 0.5."
    elif advantage > _CLEAR * error:
        first = (
            f"Use {_words(best)}: {said}, better than {_words(baseline)} by {advantage:.3f} ± {error:.3f}, the best "
            f"that needs no VAE."
        )
    elif advantage < -_CLEAR * error:
        first = (
            f"Use {_words(baseline)}, which needs no VAE: it is better than this model's best score, {_words(best)} "
            f"({said}), by {-advantage:.3f} ± {error:.3f}."
        )
    else:
        first = (
            f"Use {_words(best)} ({said}) or {_words(baseline)}, which needs no VAE: the two differ by "
            f"{advantage:+.3f} ± {error:.3f}, so these rows do not tell them apart."
        )
    return " ".join([first, *_warnings(areas), "The choice was made on these labels; confirm it on others."])


def _warnings(areas: Mapping[str, tuple[float, float | None]]) -> list[str]:
    upside_down = [
        name
        for name, (area, error) in areas.items()
        if name not in BASELINES and error is not None and area + _CLEAR * error < 0.5
    ]
    if not upside_down:
        return []
    words = [_words(name) for name in upside_down]
    listed = f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]
    # Nalisnick and others, Do deep generative models know what they don't know?, 2019, arXiv:1810.09136.
    density = any(name.startswith("negative") for name in upside_down)
    why = ", as simple rows do to a density of complex ones" if density else ""
    return [f"By {listed} the anomalies look more normal than normal rows do{why}: do not use that here."]


def _words(name: str) -> str:
    return _WORDS.get(name, name)


def _named(name: str) -> str:
    words = _words(name)
    return words[0].upper() + words[1:]

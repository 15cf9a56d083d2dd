"""What no score may depend on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from latentia.evaluation.disentanglement import irs, mig, modularity, sap
from latentia.evaluation.disentanglement.dci import dci_of
from latentia.evaluation.disentanglement.inputs import Numbers, Whole

Score = Callable[[Numbers, Whole], float]
SCORES: dict[str, Score] = {
    "mig": lambda z, v: mig(z, v, bins=5).score,
    "mig, quantiles": lambda z, v: mig(z, v, bins=5, binning="quantiles").score,
    "sap": lambda z, v: sap(z, v).score,
    "sap, categories": lambda z, v: sap(z, v, categorical=[True] * v.shape[1]).score,
    "modularity": lambda z, v: modularity(z, v, bins=5).score,
    "modularity, quantiles": lambda z, v: modularity(z, v, bins=5, binning="quantiles").score,
    "irs": lambda z, v: irs(z, v).score,
    "dci of a table": lambda z, v: dci_of(np.abs(z[:6]), np.zeros(z.shape[1])).disentanglement,
}
seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=20, deadline=None)


def data(seed: int) -> tuple[Numbers, Whole, np.random.Generator]:
    """Codes with ties that know a little of three factors."""
    generator = np.random.default_rng(seed)
    v = np.stack([np.arange(60) % 3, generator.permutation(60) % 4, generator.permutation(60) % 2], axis=1)
    z = np.round(v @ generator.normal(size=(3, 4)) + generator.normal(size=(60, 4)), 1)
    return z, v, generator


@given(seeds)
@few
def test_the_order_of_rows_codes_and_factors_does_not_matter(seed: int) -> None:
    z, v, generator = data(seed)
    rows, codes, factors = (generator.permutation(n) for n in (60, 4, 3))
    for name, score in SCORES.items():
        if name != "dci of a table":
            np.testing.assert_allclose(score(z[rows], v[rows]), score(z, v), atol=1e-10, err_msg=name)
        np.testing.assert_allclose(score(z[:, codes], v[:, factors]), score(z, v), atol=1e-10, err_msg=name)


@given(seeds)
@few
def test_the_scale_and_origin_of_codes_do_not_matter(seed: int) -> None:
    z, v, generator = data(seed)
    other = z * 2.0 ** generator.integers(-3, 4, size=4)
    for name, score in SCORES.items():
        if name != "dci of a table":
            expected = score(z, v)
            # The mean over codes of the robustness is weighted by how far they move.
            same = other if name != "irs" else 4 * z
            np.testing.assert_allclose(score(same, v), expected, atol=1e-10, err_msg=name)


@given(seeds)
@few
def test_rising_functions_of_codes_do_not_matter_where_only_their_order_counts(seed: int) -> None:
    z, v, _ = data(seed)
    for name in ("mig, quantiles", "modularity, quantiles", "sap, categories"):
        np.testing.assert_allclose(SCORES[name](np.arctan(z) + z**3, v), SCORES[name](z, v), atol=1e-10, err_msg=name)


@given(seeds)
@few
def test_the_names_of_values_do_not_matter_where_they_have_no_order(seed: int) -> None:
    z, v, generator = data(seed)
    renamed = np.stack([generator.permutation(9)[column] for column in v.T], axis=1)
    for name in ("mig", "mig, quantiles", "modularity", "sap, categories", "irs"):
        np.testing.assert_allclose(SCORES[name](z, renamed), SCORES[name](z, v), atol=1e-10, err_msg=name)


@given(seeds)
@few
def test_scores_lie_between_0_and_1(seed: int) -> None:
    z, v, _ = data(seed)
    for name, score in SCORES.items():
        assert -1e-12 <= score(z, v) <= 1 + 1e-12, name


@given(seeds, st.floats(0.1, 1000))
@few
def test_importances_count_relative_to_each_other(seed: int, scale: float) -> None:
    importance = np.abs(np.random.default_rng(seed).normal(size=(4, 3)))
    one, other = (dci_of(each, np.zeros(3)) for each in (importance, scale * importance))
    np.testing.assert_allclose(one.disentanglement, other.disentanglement, atol=1e-10)
    np.testing.assert_allclose(one.completeness, other.completeness, atol=1e-10)

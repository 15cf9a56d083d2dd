"""A comparison of runs for people: a table, the differences, and what is not compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from textwrap import fill

from latentia.runs.comparing import Comparison, Difference, Measured

_WIDTH = 100
_LEFT = 3
"""Columns of words, which are set to the left."""


def lines(found: Comparison) -> Iterator[str]:
    """What people read.

    Args:
        found: The comparison.

    Yields:
        Lines.
    """
    yield f"{found.num_examples:,} {found.split} rows, {found.num_samples:,} samples each, seed {found.seed}"
    yield ""
    yield from table([_HEAD, *(_cells(each) for each in found.runs)])
    yield ""
    for each in found.differences:
        yield _said(each)
    yield from _refused(found)


def _refused(found: Comparison) -> Iterator[str]:
    """Why groups of runs are not compared: once for each pair of groups, by their first members."""
    without = [each.run for each in found.runs if each.evidence.nll is None]
    if without:
        yield f"without a log-likelihood (prior or posterior has no density): {', '.join(without)}"
    reasons = {(each.first, each.second): each.reason for each in found.refused}
    for one, other in combinations(found.groups(), 2):
        ours, theirs = ([each.run for each in group] for group in (one, other))
        pair = next(pair for pair in reasons if pair[0] in ours + theirs and pair[1] in ours + theirs)
        first, second = (ours, theirs) if pair[0] in ours else (theirs, ours)
        said = (
            f"not compared: log p(x) of {', '.join(first)} (first) with {', '.join(second)} (second): {reasons[pair]}"
        )
        yield fill(said, _WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


_HEAD = ("run", "recipe", "likelihood", "-log p(x) ≤", "ELBO", "bits/dim", "KL", "active", "mse")


def _cells(each: Measured) -> tuple[str, ...]:
    evidence = each.evidence
    return (
        each.run,
        each.recipe,
        each.likelihood,
        _number(evidence.nll, evidence.nll_se),
        _number(evidence.elbo, evidence.elbo_se),
        "-" if evidence.bits_per_dim is None else f"{evidence.bits_per_dim:.4f}",
        "-" if evidence.kl is None else f"{evidence.kl:.2f}",
        f"{evidence.active_units} of {evidence.latent_dim}",
        f"{evidence.mse:.4g}",
    )


def _number(value: float | None, error: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" if error is None else f"{value:.2f} ± {error:.2f}"


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Cells in columns, words to the left and numbers to the right.

    Args:
        rows: Of equal length; the first is the head.

    Yields:
        Lines.
    """
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [
            f"{cell:<{width}}" if column < _LEFT else f"{cell:>{width}}"
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def _said(each: Difference) -> str:
    better, worse = (each.first, each.second) if each.difference > 0 else (each.second, each.first)
    size = f"{abs(each.difference):.3f}" + ("" if each.se is None else f" ± {each.se:.3f}")
    if each.clear:
        return f"{better} is better than {worse} by {size} nats a row (paired)"
    return f"{each.first} and {each.second} do not differ clearly: {size} nats a row (paired) for {better}"

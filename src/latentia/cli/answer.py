"""What a command answers: values for programs, lines for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from latentia.runs.plain import plain

MEASURED = """\
elbo, elbo_se, reconstruction, reconstruction_se, kl, kl_se, nll, nll_se, nll_mc_se, bits_per_dim, bits_per_dim_se, \
k_hat_high, k_hat_verdict, active_units, latent_dim, kl_per_dim, mse, psnr, sigma, saturation, num_samples, \
num_examples, seed, units, dequantisation\
"""
"""Names of a measurement, for help: log-likelihoods in nats for each row, null where a model defines no such number."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a command.

    Attributes:
        values: What `--json` prints, as one object. Numbers that are not finite are printed as null.
        lines: What people read.
    """

    values: Mapping[str, Any]
    lines: Sequence[str]


def print_answer(answer: Answer, *, as_json: bool) -> None:
    """Print an answer to standard output.

    Args:
        answer: The answer.
        as_json: Print the values, not the lines.
    """
    print_object(answer.values) if as_json else sys.stdout.write("".join(f"{line}\n" for line in answer.lines))
    sys.stdout.flush()


def print_object(values: Mapping[str, Any]) -> None:
    """Print one JSON object on one line.

    Args:
        values: Its names and values.
    """
    sys.stdout.write(json.dumps(plain(values), allow_nan=False) + "\n")

"""The commands and a line on each, in the order of the help."""

from __future__ import annotations

COMMANDS = {
    "fit": "Train a model on data, measure it and write its report.",
    "evaluate": "Measure a model: ELBO, -log p(x), bits/dim, active dimensions.",
    "compare": "Set runs on the same data side by side.",
    "sample": "Draw new data from a model.",
    "reconstruct": "Put data through a model and back.",
    "encode": "Turn data into codes: the posterior means.",
    "decode": "Turn codes into data.",
    "interpolate": "Go from one row to another through the latent space.",
    "traverse": "Move one latent dimension at a time: what does it stand for?",
    "report": "Draw a run's pictures and write its report again.",
    "recipes": "List the recipes, or explain one.",
    "inspect": "Show what would be read from data, and what would be chosen.",
}

"""The directive `parts`: what can be put into a model, and what goes with what, found out by building it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, ClassVar, get_args

import numpy as np
from docstrings import formula
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

Row = tuple[nodes.Node, ...]


def prose(text: str) -> nodes.inline:
    r"""A line of a docstring, with its literals and its formulas.

    Args:
        text: Prose with `code` and with formulas between `\(` and `\)`.

    Returns:
        A node.
    """
    line = nodes.inline()
    for part in re.split(r"(`[^`]+`|\\\(.*?\\\))", " ".join(text.split())):
        if part.startswith("`"):
            line += nodes.literal("", part.strip("`"))
        elif part.startswith(r"\("):
            line += nodes.math("", formula(part[2:-2]))
        else:
            line += nodes.Text(part)
    return line


def codes(names: list[str]) -> nodes.inline:
    """Names in code, with commas between."""
    line = nodes.inline()
    for position, name in enumerate(names):
        line += [nodes.Text(", ")] * bool(position)
        line += nodes.literal("", name)
    return line


def summary(thing: object) -> str:
    """The first sentence or two of what a thing says of itself."""
    return (inspect.getdoc(thing) or "").split("\n\n")[0]


@cache
def examples() -> Mapping[str, Any]:
    """A description of each kind of data, read off small arrays."""
    import latentia

    rng = np.random.default_rng(0)
    arrays = {
        "binary": rng.integers(0, 2, (60, 6, 6)),
        "levels": rng.integers(0, 256, (60, 6, 6), dtype=np.uint8),
        "unit interval": rng.random((60, 5)),
        "real": rng.normal(size=(60, 5)),
        "counts": rng.poisson(40, (60, 5)),
    }
    specs = {name: latentia.load_data(array).spec for name, array in arrays.items()}
    table = np.stack([rng.normal(size=60), rng.integers(0, 2, 60)], 1)
    return {**specs, "table": latentia.load_data(table, columns=["real", "binary"]).spec}


def works(build: Callable[[], object]) -> bool:
    """Whether something can be built."""
    from latentia.errors import LatentiaError

    try:
        build()
    except LatentiaError:
        return False
    return True


def posteriors() -> Iterator[Row]:
    """Name, what it is, where z lives, and every prior that it can be built with."""
    from latentia.latents.group import PLACES
    from latentia.names import PosteriorName, PriorName
    from latentia.recipes import vae
    from latentia.recipes.parts import Parts
    from latentia.recipes.posteriors import POSTERIORS

    data = examples()["levels"]
    for name in get_args(PosteriorName):
        head = POSTERIORS[name](4, Parts(latent_dim=3))
        fitting = [
            prior
            for prior in get_args(PriorName)
            if works(lambda p=prior, q=name: vae(data, latent_dim=3, hidden=(4,), posterior=q, prior=p))
        ]
        yield nodes.literal("", name), prose(summary(type(head))), prose(PLACES[head.domain]), codes(fitting)


def priors() -> Iterator[Row]:
    """Name and what it is."""
    from latentia.names import PriorName
    from latentia.recipes import vae

    data = examples()["levels"]
    for name in get_args(PriorName):
        suitable = {
            "sphere": "sphere", "gamma": "gamma", "beta": "beta", "dirichlet": "dirichlet", "bernoulli": "bernoulli",
            "categorical": "categorical", "relaxed_bernoulli": "relaxed_bernoulli",
            "relaxed_categorical": "relaxed_categorical",
        }.get(name, "diagonal")  # fmt: skip
        model, _ = vae(data, latent_dim=3, hidden=(4,), posterior=suitable, prior=name)
        yield nodes.literal("", name), prose(summary(type(model.latents.groups[0].p)))


def likelihoods() -> Iterator[Row]:
    """Name, what it is, and the kinds of data it scores; those that choose it by themselves are marked."""
    from latentia.data.likelihood_choice import choose_likelihood
    from latentia.data_model import DataModel
    from latentia.names import LikelihoodName
    from latentia.recipes import vae
    from latentia.recipes.likelihoods import HEADS
    from latentia.recipes.parts import Parts

    chosen = {kind: choose_likelihood(spec).name for kind, spec in examples().items()}
    for name in get_args(LikelihoodName):
        fitting = [
            kind
            for kind, spec in examples().items()
            if works(lambda s=spec, n=name: DataModel(vae(s, latent_dim=2, hidden=(4,), likelihood=n)[0], s))
        ]
        head = HEADS[name](examples()[fitting[0]], Parts())
        kinds = nodes.inline()
        for position, kind in enumerate(fitting):
            kinds += [nodes.Text(", ")] * bool(position)
            kinds += nodes.strong("", kind) if chosen[kind] == name else nodes.Text(kind)
        yield nodes.literal("", name), prose(summary(type(head))), kinds


def objectives() -> Iterator[Row]:
    """Class, what it is, and the recipes that minimise it."""
    from latentia.recipes import RECIPES
    from latentia.recipes.composition import composed

    users: dict[str, list[str]] = {}
    for name, recipe in RECIPES.items():
        said = dict(composed(recipe))["objective"]
        users.setdefault(said.partition("(")[0], []).append(name)
    import latentia.objectives as room

    for name, recipes in users.items():
        thing = getattr(room, name)
        yield nodes.literal("", name), prose(summary(thing)), codes(recipes)


def estimators() -> Iterator[Row]:
    """Name, and what it needs of a posterior."""
    from latentia.names import EstimatorName
    from latentia.objectives.estimators import NEEDS

    for name in get_args(EstimatorName):
        needs = ", ".join(sorted(need.value for need in NEEDS[name])) or "nothing"
        yield nodes.literal("", name), nodes.Text(needs)


_TABLES: Mapping[str, tuple[tuple[str, ...], Callable[[], Iterator[Row]]]] = {
    "posteriors": (("posterior", "what it is", "z lives", "priors that it goes with"), posteriors),
    "priors": (("prior", "what it is"), priors),
    "likelihoods": (("likelihood", "what it is", "data that it scores"), likelihoods),
    "objectives": (("objective", "what it is", "recipes"), objectives),
    "estimators": (("estimator", "needs of the model"), estimators),
}


class Parts(SphinxDirective):
    """`{parts} posteriors`: a table of what there is."""

    required_arguments = 1
    option_spec: ClassVar = {}

    def run(self) -> list[nodes.Node]:
        """The table of that name."""
        from commands import table

        head, rows = _TABLES[self.arguments[0]]
        return [table(head, list(rows()), ["recipes"])]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("parts", Parts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

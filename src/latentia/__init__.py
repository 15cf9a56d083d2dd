"""Variational autoencoders as compositions.

A VAE is an ordered list of latent groups, walked once. Where each z comes from (the posterior, the prior, or given by
hand) is an argument. The walk yields a `Trace`; every bound is a function of the trace.

    import latentia

    run = latentia.fit("digits")
    codes = run.model.encode(latentia.load_data("digits").test.x)

Names are imported when they are first used, so that `import latentia` costs nothing beyond what is asked of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from latentia._version import __version__

if TYPE_CHECKING:
    from latentia import bounds, recipes
    from latentia.data import DataSpec, load_data
    from latentia.evaluation import evaluate
    from latentia.operate import fit_density, impute, with_prior
    from latentia.runs import Run, fit, load
    from latentia.train import Plan

_HOMES = {
    "DataSpec": "data",
    "Plan": "train",
    "Run": "runs",
    "evaluate": "evaluation",
    "fit": "runs",
    "fit_density": "operate",
    "impute": "operate",
    "load": "runs",
    "load_data": "data",
    "with_prior": "operate",
}
_ROOMS = ("bounds", "recipes")

__all__ = [
    "DataSpec",
    "Plan",
    "Run",
    "__version__",
    "bounds",
    "evaluate",
    "fit",
    "fit_density",
    "impute",
    "load",
    "load_data",
    "recipes",
    "with_prior",
]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"{__name__}.{name}")
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""The one place where zuko is imported, because its import changes torch for the whole process.

zuko 1.4 to 1.6 switch the validation of every distribution off, replace `Distribution.arg_constraints` and rename
torch's class of inverse transforms. All of that is put back here. What stays is the method `call_and_ladj` that zuko
adds to torch's `Transform`, which changes nothing of torch's own. zuko's transforms need no more; its distributions do,
so they are not used.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

from torch.distributions import Distribution, transforms


def zuko() -> ModuleType:
    """The package zuko, with torch as it was before.

    Returns:
        `zuko`, with its submodules loaded.

    >>> zuko().__name__
    'zuko'
    """
    if "zuko" in sys.modules:  # whoever imported it first has torch as it left it
        return sys.modules["zuko"]
    validates, constraints = Distribution._validate_args, vars(Distribution)["arg_constraints"]
    inverse = transforms._InverseTransform
    name = inverse.__name__
    try:
        return importlib.import_module("zuko")
    finally:
        Distribution.set_default_validate_args(validates)
        Distribution.arg_constraints = constraints  # type: ignore[method-assign] # the property that was there
        inverse.__name__ = name

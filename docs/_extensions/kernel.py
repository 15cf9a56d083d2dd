"""The kernels that execute the pages: figures as SVG, in colours that a light and a dark page both carry."""

from __future__ import annotations

import os
from pathlib import Path

_CONFIGURATION = """\
c = get_config()
c.InlineBackend.figure_formats = {"svg"}
c.HistoryManager.enabled = False
c.IPKernelApp.log_level = "ERROR"
"""


def prepare_kernel(docs: Path) -> None:
    """Give kernels started later a configuration of their own, whoever's machine this is.

    Args:
        docs: The folder of the documentation.
    """
    home = docs.parent / "build" / "ipython"
    profile = home / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "ipython_kernel_config.py").write_text(_CONFIGURATION, encoding="utf-8")
    os.environ["IPYTHONDIR"] = str(home)
    os.environ["MATPLOTLIBRC"] = str(docs / "_static" / "matplotlibrc")
    # Pages draw no progress bars, and need no debugger.
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    os.environ["OMP_NUM_THREADS"] = "1"

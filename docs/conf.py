"""How the documentation is built: `make docs`. Pages are executed, and nothing asks the network."""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "_extensions")]

from kernel import prepare_kernel  # noqa: E402 -- found on the path set above

import latentia  # noqa: E402

project = "latentia"
author = "The latentia authors"
copyright = author
version = release = latentia.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "myst_nb",
    "catalogue",
    "commands",
    "docstrings",
    "mathml",
    "parts",
    "rooms",
]
source_suffix = {".md": "myst-nb"}
exclude_patterns = ["_extensions", "_static", "decisions/README.md"]
default_role = "code"
language = "en"
keep_warnings = False

# --- pages that run -------------------------------------------------------------------------------------------------

# Every page is executed at every build, in a kernel of its own that starts from a clean configuration.
nb_execution_mode = "force"
nb_execution_timeout = 120
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_execution_in_temp = True
# What a page writes to standard error would stay in it for good: a page says what it has to say on standard output.
nb_output_stderr = "error"
nb_merge_streams = True
nb_number_source_lines = False
# No widgets, so none of their scripts, which would come from elsewhere.
nb_ipywidgets_js: dict[str, dict[str, str]] = {}
prepare_kernel(HERE)

myst_enable_extensions = ["amsmath", "attrs_block", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
myst_update_mathjax = False

# --- formulas, docstrings -------------------------------------------------------------------------------------------

html_math_renderer = "mathml"
autodoc_typehints = "description"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
# What a method inherits from torch is described there, in another markup.
autodoc_inherit_docstrings = False
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
autodoc_typehints_description_target = "documented"
python_maximum_signature_line_length = 90
python_use_unqualified_type_names = True
add_module_names = False
toc_object_entries_show_parents = "hide"

# --- the look -------------------------------------------------------------------------------------------------------

html_theme = "furo"
html_title = "latentia"
html_static_path = ["_static"]
html_css_files = ["latentia.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
pygments_style = "friendly"
pygments_dark_style = "monokai"

os.environ.setdefault("OMP_NUM_THREADS", "1")

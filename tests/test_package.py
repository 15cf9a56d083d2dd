"""What the package promises before anything is trained: cheap imports, a stable face, types, one version."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import metadata
from importlib.resources import files
from pathlib import Path

import pytest

import latentia

HEAVY = ("matplotlib", "scipy", "sklearn", "torch", "zuko")

# Runs a command line in this interpreter and reports, on the last line of standard output, its exit status and which
# of the modules named in the first argument it imported.
REPORT = """
import json, sys
heavy, sys.argv = json.loads(sys.argv[1]), ["latentia", *sys.argv[2:]]
from latentia.cli import main
try:
    status = main()
except SystemExit as stop:
    status = stop.code or 0
print()
print(json.dumps([status, [name for name in heavy if name in sys.modules]]))
"""


def _python(*arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_latentia_imports_nothing_heavy() -> None:
    heavy = (*HEAVY, "numpy", "cyclopts", "rich", "PIL", "safetensors")
    program = f"import latentia, sys; print([name for name in {heavy!r} if name in sys.modules])"
    assert _python("-c", program).strip() == "[]"


def test_describing_a_plan_or_data_imports_no_torch() -> None:
    program = "import latentia, sys; latentia.Plan(); latentia.DataSpec; print('torch' in sys.modules)"
    assert _python("-c", program).strip() == "False"


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["fit", "--help"], ["recipes"]], ids=" ".join)
def test_the_command_line_answers_without_torch(arguments: list[str]) -> None:
    status, imported = json.loads(_python("-c", REPORT, json.dumps(HEAVY), *arguments).splitlines()[-1])
    assert status == 0
    assert imported == []


def test_the_check_above_would_see_torch() -> None:
    """The mutant: a command that must import torch is reported as doing so."""
    program = REPORT.replace("from latentia.cli", "import torch; from latentia.cli")
    assert "torch" in json.loads(_python("-c", program, json.dumps(HEAVY), "--version").splitlines()[-1])[1]


def test_python_m_latentia_is_the_command_line() -> None:
    assert latentia.__version__ in _python("-m", "latentia", "--version")


def test_every_public_name_resolves_and_is_listed() -> None:
    for name in latentia.__all__:
        assert getattr(latentia, name) is not None
        assert name in dir(latentia)
    assert callable(latentia.fit)
    assert callable(latentia.evaluate)
    assert latentia.bounds.__name__ == "latentia.bounds"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'latentia' has no attribute 'fti'"):
        _ = latentia.fti


def test_importing_everything_leaves_the_globals_of_torch_alone() -> None:
    """Libraries below us set some at import; whoever imports latentia must not notice."""
    program = """
import importlib, pkgutil, torch
from torch.distributions import Distribution

def state():
    return (
        Distribution._validate_args,
        Distribution.__dict__.get("set_default_validate_args"),
        torch.get_default_dtype(),
        torch.get_rng_state().tolist(),
        torch.is_grad_enabled(),
        torch.are_deterministic_algorithms_enabled(),
        torch.get_num_threads(),
    )

before = state()
import latentia
for module in pkgutil.walk_packages(latentia.__path__, "latentia."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
assert state() == before, (before[:3], state()[:3])
"""
    _python("-c", program)


def test_the_types_are_shipped() -> None:
    assert files("latentia").joinpath("py.typed").is_file()


def test_the_version_is_stated_once() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+(\.dev\d+|rc\d+)?", latentia.__version__)
    changelog = Path(__file__).parents[1] / "CHANGELOG.md"
    assert f"## [{latentia.__version__}]" in changelog.read_text(encoding="utf-8")


def test_the_installed_version_is_the_stated_one() -> None:
    try:
        installed = metadata.version("latentia")
    except metadata.PackageNotFoundError:
        pytest.skip("latentia is on the path but not installed")
    assert installed == latentia.__version__

"""Help: for every command, with examples, without the weight of the library."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from latentia._version import __version__
from latentia.cli.commands import COMMANDS
from latentia.recipes import RECIPES, explain
from tests.cli.shell import call, environment

_HEAVY = ("torch", "numpy", "matplotlib", "sklearn", "zuko")
_SCRIPT = """
import contextlib, io, json, sys
from latentia.cli import main
calls = json.loads(sys.argv[1])
with contextlib.redirect_stdout(io.StringIO()):
    statuses = [main(call) for call in calls]
print(json.dumps([statuses, [name for name in json.loads(sys.argv[2]) if name in sys.modules]]))
"""


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    done = call(command, "--help")
    assert (done.status, done.err) == (0, "")
    assert f"Usage: latentia {command}" in done.out
    assert f"Examples:\n\n  latentia {command}" in done.out
    assert "--json" in done.out
    assert "--debug" in done.out


def test_the_list_of_commands() -> None:
    done = call()
    assert done.status == 0
    assert all(f"│ {command} " in done.out for command in COMMANDS)
    assert max(map(len, done.out.splitlines())) <= 80


@pytest.mark.parametrize("recipe", RECIPES)
def test_fit_has_the_options_of_its_recipe(recipe: str) -> None:
    done = call("fit", "--recipe", recipe, "--help")
    assert done.status == 0
    words = done.out.split("Examples:")[0].split()
    for option in explain(recipe).options:
        assert f"--{option.name.replace('_', '-')}" in words
    others = {option.name for other in RECIPES for option in explain(other).options}
    for name in others - {option.name for option in explain(recipe).options}:
        assert f"--{name.replace('_', '-')}" not in words


def test_nothing_heavy_is_imported_to_answer() -> None:
    calls = [[command, "--help"] for command in COMMANDS]
    calls += [[], ["--version"], ["recipes"], ["recipes", "--json"], ["fit", "--recipe", "top_down", "--help"]]
    calls += [["fit"], ["nonsense"], ["fit", "digits", "--epochs", "many"]]
    answer = subprocess.run(
        [sys.executable, "-c", _SCRIPT, json.dumps(calls), json.dumps(_HEAVY)],
        env=environment(), check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    statuses, heavy = json.loads(answer.stdout)
    assert statuses == [0] * (len(calls) - 3) + [2] * 3
    assert heavy == []


def test_the_keys_of_json_are_those_that_help_names(trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained, tmp_path / "other")
    call("encode", trained, "--out", tmp_path / "codes.npy")
    calls: dict[str, list[object]] = {
        **{name: [trained] for name in ("evaluate", "report", "sample", "reconstruct", "interpolate", "traverse")},
        "encode": [trained, "--out", tmp_path / "again.npy"],
        "decode": [trained, tmp_path / "codes.npy", "--out", tmp_path / "x.npy"],
        "fit": ["digits", "--steps", 1, "--hidden", 4, "--out", tmp_path / "run", "--no-report"],
        "inspect": ["digits"],
        "compare": [trained, tmp_path / "other", "--num-samples", 2],
    }
    assert set(calls) == set(COMMANDS) - {"recipes"}
    for command, arguments in calls.items():
        named = " ".join(call(command, "--help").out.split("--json prints one object:")[1].split())
        assert list(call(command, *arguments, "--json").json) == named.split(", "), command


def test_version() -> None:
    assert call("--version").out == f"latentia {__version__}\n"


def test_recipes_lists_all_and_explains_each() -> None:
    listed = call("recipes", "--json").json["recipes"]
    assert [each["name"] for each in listed] == list(RECIPES)
    assert all(each["citation"] and each["summary"] for each in listed)
    for each in listed:
        explained = call("recipes", each["name"], "--json").json
        assert explained["name"] == each["name"], explained
        assert {key: explained[key] for key in each} == each
        assert {"prior", "posterior", "likelihood", "objective"} <= {
            key.split(" ")[0] for key in explained["composition"]
        }
        assert all(entry.startswith("@") for entry in explained["bibtex"])
        text = call("recipes", each["name"]).out
        assert "Reference: " in text
        assert all(f"--{option['name'].replace('_', '-')}" in text for option in each["options"])

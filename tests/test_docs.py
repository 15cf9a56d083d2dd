"""The documentation's promises that need no build; the build itself executes every page (`make docs`)."""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

import latentia
from latentia.cli.commands import COMMANDS
from tests.exact.mutants import killed

DOCS = Path(__file__).parents[1] / "docs"
TUTORIALS = sorted(page for page in (DOCS / "tutorials").glob("*.md") if page.stem != "index")
PAGES = sorted(DOCS.rglob("*.md"))


def module(path: Path) -> ModuleType:
    """A file of the documentation's own code, which is no package."""
    found = importlib.util.spec_from_file_location(path.stem, path)
    assert found is not None
    assert found.loader is not None
    loaded = importlib.util.module_from_spec(found)
    found.loader.exec_module(loaded)
    return loaded


external = module(DOCS / "external_requests.py")


def cells(page: Path) -> list[str]:
    """The code cells of a page, without their options."""
    found = re.findall(r"^```\{code-cell\}.*?\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return [re.sub(r"\A---\n.*?^---\n", "", cell, flags=re.DOTALL | re.MULTILINE) for cell in found]


# --- every thing has its page ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_page_with_its_options_and_a_run(command: str) -> None:
    text = (DOCS / "commands" / f"{command}.md").read_text(encoding="utf-8")
    assert f"```{{options}} {command}\n" in text
    assert f"```{{latentia}} {command}" in text
    assert re.search(rf"^{command}$", (DOCS / "commands" / "index.md").read_text(encoding="utf-8"), re.MULTILINE)


def test_every_room_has_a_page() -> None:
    package = Path(latentia.__file__).parent
    rooms = {
        path.stem
        for path in package.iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").exists()) and not path.stem.startswith("_")
    }
    index = (DOCS / "reference" / "index.md").read_text(encoding="utf-8")
    for room in rooms:
        page = (DOCS / "reference" / f"{room}.md").read_text(encoding="utf-8")
        assert f"```{{room}} latentia.{room}\n" in page
        assert re.search(rf"^{room}$", index, re.MULTILINE), room


# --- the pages that teach -------------------------------------------------------------------------------------------


def test_there_are_eight_pages_of_theory_and_all_are_listed() -> None:
    index = (DOCS / "tutorials" / "index.md").read_text(encoding="utf-8")
    listed = index.partition("```{toctree}")[2].partition("```")[0].split()
    assert {page.stem for page in TUTORIALS} == set(listed) - {":maxdepth:", "1"}
    assert len(TUTORIALS) == 8


def ends_in_assertions(source: str) -> None:
    body = ast.parse(source).body
    checks = [node for node in ast.walk(ast.Module(body, [])) if isinstance(node, ast.Assert)]
    assert isinstance(body[-1], ast.Assert)
    assert len(checks) >= 3
    for check in checks:  # and each depends on something that was computed
        assert any(isinstance(node, ast.Name) for node in ast.walk(check.test))


@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.stem)
def test_every_page_of_theory_shows_something_and_ends_in_assertions(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "file_format: mystnb" in text
    assert "## Try it" in text
    assert text.count("    alt: ") >= 1
    # Every picture says in words what is on it.
    drawn = [cell for cell in cells(page) if "plt.show()" in cell or re.search(r"^show\(", cell, re.MULTILINE)]
    assert text.count("    alt: ") >= len([cell for cell in drawn if "def show" not in cell])
    ends_in_assertions(cells(page)[-1])


def test_the_check_of_assertions_would_miss_none() -> None:
    with killed():
        ends_in_assertions("print(1)")
    with killed():
        ends_in_assertions("assert x\nassert y\nassert True")
    with killed():
        ends_in_assertions("assert x\nassert y\nassert z\nprint(x)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_page_loads_anything_from_elsewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"!\[[^\]]*\]\(\s*https?:", text), "a picture from elsewhere"
    assert external.in_page(re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)) == []


# --- the scan of the built pages ------------------------------------------------------------------------------------

REQUESTS = [
    '<script src="https://cdn.example/require.js"></script>',
    '<script src="//cdn.example/x.js"></script>',
    '<link rel="stylesheet" href="https://fonts.example/css">',
    '<link rel="preconnect dns-prefetch" href="https://fonts.example">',
    '<img src="http://example.org/a.png">',
    '<img srcset="a.png 1x, https://example.org/b.png 2x">',
    '<iframe src="https://example.org"></iframe>',
    '<div style="background: url(https://example.org/a.png)"></div>',
    "<style>@import 'https://example.org/a.css';</style>",
    "<script>fetch('https://example.org/count')</script>",
    '<svg><image xlink:href="https://example.org/a.png"/></svg>',
]
NO_REQUESTS = [
    '<a href="https://arxiv.org/abs/1312.6114">a link</a>',
    '<link rel="next" href="https://example.org/next">',
    '<script src="_static/furo.js"></script>',
    '<img src="data:image/png;base64,AAAA">',
    "<script>element.createElementNS('http://www.w3.org/2000/svg', 'svg')</script>",
    "<style>/* https://example.org */ a { background: url(a.png) }</style>",
    "<p>https://example.org is only said</p>",
]


@pytest.mark.parametrize("page", REQUESTS)
def test_the_scan_finds(page: str) -> None:
    assert len(external.in_page(page)) == 1


@pytest.mark.parametrize("page", NO_REQUESTS)
def test_the_scan_lets_pass(page: str) -> None:
    assert external.in_page(page) == []


def test_the_scan_of_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert external.main(str(tmp_path)) == 2
    (tmp_path / "a.html").write_text('<script src="b.js"></script>', encoding="utf-8")
    (tmp_path / "b.js").write_text("// https://example.org says how\nimport('./c.js')", encoding="utf-8")
    assert external.main(str(tmp_path)) == 0
    (tmp_path / "c.css").write_text("@font-face { src: url(https://example.org/a.woff2) }", encoding="utf-8")
    assert external.main(str(tmp_path)) == 1
    assert "c.css: https://example.org/a.woff2" in capsys.readouterr().out


# --- what the build needs to be told --------------------------------------------------------------------------------


def test_the_build_fails_on_a_page_that_fails() -> None:
    configuration = (DOCS / "conf.py").read_text(encoding="utf-8")
    for setting in ("nb_execution_raise_on_error = True", 'nb_execution_mode = "force"', "nb_execution_timeout = "):
        assert setting in configuration
    makefile = (DOCS.parent / "Makefile").read_text(encoding="utf-8")
    assert "sphinx-build -W --keep-going -b html docs build/docs" in makefile
    assert "make --no-print-directory docs" in (DOCS.parent / ".ci" / "run").read_text(encoding="utf-8")


def test_formulas_become_mathml_and_what_cannot_is_refused() -> None:
    pytest.importorskip("latex2mathml")
    pytest.importorskip("sphinx")
    to_mathml = module(DOCS / "_extensions" / "mathml.py").to_mathml
    block = to_mathml(r"\begin{aligned} a &= \frac{b}{c} \\ &\le \log d \end{aligned}", block=True)
    assert block.startswith("<math")
    assert block.count("<mtr>") == 2
    assert "&amp;" not in block
    assert 'display="block"' in block
    with pytest.raises(ValueError, match="no translation"):
        to_mathml(r"a \notacommand b", block=False)

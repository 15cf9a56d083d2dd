"""The page: whole, self-contained, escaped, small, and it says in words what the numbers mean."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from latentia.data_model import DataModel
from latentia.report import ReportInput, write_report
from latentia.report.embedding import embed
from latentia.report.html import report_page
from latentia.report.markup import Markup, element, join, visible
from tests.report.runs import KINDS, run_of

Drawn = Callable[[str], dict[str, Path]]
HOSTILE = '</style><script>alert(1)</script><img src=http://example.org/x onerror="x">\'&\x07'


class Page(HTMLParser):
    """What a browser would see: elements with their attributes, and text; refuses elements that do not nest."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(content)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def page_of(run: ReportInput, pictures: dict[str, Path]) -> Page:
    return Page(report_page(run, pictures))


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_is_whole_and_loads_nothing(drawn: Drawn, kind: str, tmp_path: Path) -> None:
    run, pictures = run_of(kind), drawn(kind)
    path = write_report(run, tmp_path, pictures)
    assert path == tmp_path / "report.html"
    content = path.read_text(encoding="utf-8")
    assert len(content.encode()) < 5_000_000
    page = Page(content)
    images = page.all("img")
    assert len(images) == len(pictures)
    for image in images:
        assert len(image["alt"] or "") > 20
        assert (image["src"] or "").startswith("data:image/")
        assert int(image["width"] or 0) > 0
    for tag, attributes in page.elements:
        assert tag not in ("script", "link", "iframe", "object", "embed", "form", "base")
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in ("src", "href"):
                assert (value or "").startswith(("data:image/", "#"))
    assert not re.search(r"url\(|@import|https?://", content)
    policies = [each["content"] for each in page.all("meta") if each.get("http-equiv") == "Content-Security-Policy"]
    assert policies == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    assert {(each["href"] or "")[1:] for each in page.all("a")} <= ids
    assert "None" not in page.text.replace("None of the", "")
    assert "nan" not in page.text.lower().split()


def test_the_page_says_what_was_run(drawn: Drawn) -> None:
    run = run_of("binarised")
    text = page_of(run, drawn("binarised")).text
    for words in (
        "beta_vae on array",
        "60 grey pictures of 8 × 8 pixels",
        "learned from 48 pictures",
        "Higgins and others",
        "bernoulli, as the recipe or its options ask for (the data alone suggest discretized_logistic",
        "dynamic binarisation",
        "2, which is 0.0312 a dimension of the data",
        "1 min 15 s",
        "60 steps, 6 epochs",
        run.spec.digest,
        "latentia evaluate runs/binarised --num-samples 5000",
        "latentia.load('runs/binarised')",
        "K = 5",
    ):
        assert words in text, words


def test_numbers_are_those_of_the_evidence(drawn: Drawn) -> None:
    run = run_of("table")
    assert run.evidence.nll is not None
    assert run.evidence.nll_se is not None
    known = replace(
        run,
        evidence=replace(run.evidence, nll=12.3456, nll_se=0.0789, elbo=-13.5, elbo_se=0.5, active_units=2, mse=0.25),
    )
    text = page_of(known, {}).text
    assert "12.346 ± 0.079" in text
    assert "−13.50 ± 0.50" in text
    assert "2 of 3" in text
    assert "off by 0.500" in text
    assert "No pictures were drawn." in text


def test_an_autoencoder_says_why_it_has_no_samples(drawn: Drawn) -> None:
    page = page_of(run_of("autoencoder"), drawn("autoencoder"))
    assert "It is an autoencoder" in page.text
    assert "no picture of samples" in page.text
    assert "--density mixture" in page.text
    assert "ELBO" not in page.text
    assert "−log p(x)" not in page.text


def test_missing_data_are_reported() -> None:
    text = page_of(replace(run_of("table"), dataset=None), {}).text
    assert "the data could not be read for this report" in text


def test_what_users_name_is_escaped_and_shown(drawn: Drawn) -> None:
    run = run_of("grey")
    assert run.dataset is not None
    spec = replace(run.spec, name=HOSTILE, source=HOSTILE, classes=(HOSTILE, "b", "c"))
    hostile = replace(
        run,
        model=DataModel(run.model.vae, spec),
        dataset=replace(run.dataset, spec=spec, notes=(HOSTILE,), skipped=(HOSTILE,) * 30),
        recipe=replace(run.recipe, name=HOSTILE, summary=HOSTILE, citation=HOSTILE),
        options={**run.options, "likelihood": HOSTILE},
        plan={HOSTILE: HOSTILE},
        environment={HOSTILE: HOSTILE},
        run=HOSTILE,
    )
    content = report_page(hostile, drawn("grey"))
    page = Page(content)
    assert not page.all("script")
    assert len(page.all("img")) == 6
    assert page.text.count("<script>alert(1)</script>") > 20
    assert "\x07" not in content
    assert "\\x07" in page.text
    assert "10 more files" in page.text


def test_control_characters_are_made_visible() -> None:
    assert visible("a\nb\x00\u202e") == "a\\x0ab\\x00\\x202e"
    assert element("b", "<", Markup("<i></i>"), title='"') == '<b title="&quot;">&lt;<i></i></b>'
    assert join("a", None, Markup("<br>"), between=" & ") == "a &amp; <br>"


def test_large_pictures_become_small_enough(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pictures = {}
    for name in ("noise", "flat"):
        pixels = rng.integers(0, 256, (900, 1700, 3)) if name == "noise" else np.full((900, 1700, 3), 200)
        pictures[name] = tmp_path / f"{name}.png"
        Image.fromarray(pixels.astype(np.uint8)).save(pictures[name])
    embedded = embed(pictures, limit=800_000)
    assert embedded["noise"].uri.startswith("data:image/jpeg;base64,")
    assert embedded["flat"].uri.startswith("data:image/png;base64,")
    sizes = [len(base64.b64decode(each.uri.partition(",")[2])) for each in embedded.values()]
    assert sum(sizes) < 800_000
    with Image.open(io.BytesIO(base64.b64decode(embedded["noise"].uri.partition(",")[2]))) as image:
        assert image.size == (1700, 900)
    assert (embedded["noise"].width, embedded["noise"].height) == (850, 450)


def test_the_report_of_large_noisy_pictures_stays_under_five_megabytes(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pictures = {}
    for name in ("reconstructions", "samples", "traversals"):
        pictures[name] = tmp_path / f"{name}.png"
        Image.fromarray(rng.integers(0, 256, (1600, 1720, 3)).astype(np.uint8)).save(pictures[name], compress_level=1)
    assert write_report(run_of("grey"), tmp_path, pictures).stat().st_size < 5_000_000


def test_an_old_report_is_replaced_in_one_step(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("old")
    write_report(run_of("table"), tmp_path, {})
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")

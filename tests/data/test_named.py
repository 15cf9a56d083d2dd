"""Data sets by name: found locally without the network, otherwise downloaded from a server that the test runs."""

from __future__ import annotations

import gc
import gzip
import hashlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from latentia.data import load_data
from latentia.data.download import Remote, fetch
from latentia.data.named import NAMED, cache_folder, find_locally
from latentia.errors import DataError
from tests.data.idx_files import write_mnist_like
from tests.data.server import Server, serving

STEMS = list(NAMED["mnist"].sha256)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A mirror of a small data set that goes by the name of mnist, an empty cache, and no data elsewhere."""
    write_mnist_like(tmp_path / "served" / "mnist")
    sums = {
        stem: hashlib.sha256(gzip.decompress((tmp_path / "served" / "mnist" / f"{stem}.gz").read_bytes())).hexdigest()
        for stem in STEMS
    }
    monkeypatch.setitem(NAMED, "mnist", replace(NAMED["mnist"], sha256=sums))
    monkeypatch.setenv("LATENTIA_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("LATENTIA_DATA", raising=False)
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    with serving(tmp_path / "served") as running:
        monkeypatch.setenv("LATENTIA_MIRROR", running.url + "/")
        yield running


def cached() -> list[str]:
    folder = cache_folder() / "mnist"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def refused() -> str:
    with pytest.raises(DataError) as caught:
        load_data("mnist")
    message = str(caught.value)
    assert "\n" not in message
    del caught
    gc.collect()  # a connection that was left open is an error here, and not in some later test
    return message


def test_a_download_is_kept_and_not_repeated(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    data = load_data("mnist")
    assert data.spec.counts == {"train": 18, "validation": 2, "test": 10}
    assert data.spec.classes == tuple("0123456789")
    assert server.asked == [f"/mnist/{stem}.gz" for stem in STEMS]
    assert cached() == sorted(f"{stem}.gz" for stem in STEMS)
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split(" (")[0] for line in err.splitlines()] == [f"downloading {stem}.gz" for stem in STEMS]
    assert load_data("mnist").spec == data.spec
    assert len(server.asked) == 4


def test_a_length_that_is_not_told_is_no_fault(server: Server) -> None:
    server.tell_length = False
    assert load_data("mnist").spec.counts["test"] == 10


def test_only_what_is_missing_is_downloaded(server: Server) -> None:
    load_data("mnist")
    (cache_folder() / "mnist" / f"{STEMS[2]}.gz").unlink()
    load_data("mnist")
    assert server.asked[4:] == [f"/mnist/{STEMS[2]}.gz"]


@pytest.mark.parametrize("name", ["mnist", "MNIST"])
def test_data_on_this_machine_need_no_network(
    server: Server, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(*_: Any, **__: Any) -> None:
        raise AssertionError("the network was touched")

    monkeypatch.setattr("socket.socket.connect", no_network)
    monkeypatch.setattr("socket.getaddrinfo", no_network)
    monkeypatch.setenv("LATENTIA_DATA", str(server.folder))
    assert find_locally("mnist") == server.folder / "mnist"
    assert load_data(name).spec.counts["test"] == 10
    assert server.asked == cached() == []


def test_an_incomplete_folder_is_passed_over(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write_mnist_like(tmp_path / "data" / "mnist")
    (tmp_path / "data" / "mnist" / f"{STEMS[0]}.gz").unlink()
    monkeypatch.setenv("LATENTIA_DATA", str(tmp_path / "data"))
    load_data("mnist")
    assert len(server.asked) == 4


def test_local_files_of_another_content_are_refused(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_mnist_like(tmp_path / "data" / "mnist", seed=1)
    monkeypatch.setenv("LATENTIA_DATA", str(tmp_path / "data"))
    assert "is not the file it should be" in refused()


def test_a_wrong_checksum_leaves_nothing(server: Server) -> None:
    write_mnist_like(server.folder / "mnist", seed=1)
    message = refused()
    assert "is not what was expected" in message
    assert "LATENTIA_MIRROR" in message
    assert cached() == []


def test_a_missing_file_is_named_with_its_address(server: Server) -> None:
    (server.folder / "mnist" / f"{STEMS[1]}.gz").unlink()
    message = refused()
    assert f"{server.url}/mnist/{STEMS[1]}.gz cannot be downloaded: HTTP status 404" in message
    assert "$LATENTIA_DATA/mnist" in message
    assert cached() == [f"{STEMS[0]}.gz"]  # what came before it is whole


def test_an_answer_that_is_an_error_is_closed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    body = io.BytesIO(b"not here")
    kept = HTTPError(
        server.url, 404, "Not Found", Message(), body
    )  # kept, so that the collector cannot close it for us

    def not_found(*_: Any, **__: Any) -> None:
        raise kept

    monkeypatch.setattr("urllib.request.urlopen", not_found)
    assert "HTTP status 404" in refused()
    assert body.closed


def test_a_connection_that_ends_early_leaves_nothing(server: Server) -> None:
    server.cut = 100
    assert "the connection ended after 100 of" in refused()
    assert cached() == []
    server.tell_length = False
    assert "is damaged or incomplete" in refused()
    assert cached() == []


def test_a_file_over_the_limit_is_not_fetched(server: Server) -> None:
    server.claim = 10**12
    assert "larger than 64.0 MB" in refused()
    assert cached() == []


def test_a_file_that_grows_over_the_limit_is_stopped(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("latentia.data.download.MAX_BYTES", 50)
    server.tell_length = False
    assert "larger than 50 bytes" in refused()
    assert cached() == []


def test_nobody_answers(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTIA_MIRROR", "http://127.0.0.1:9")
    assert "Connection refused" in refused()
    assert cached() == []


@pytest.mark.parametrize("mirror", ["file:///etc", "ftp://127.0.0.1", "nonsense", "http://[bad"])
def test_other_addresses_are_refused(server: Server, mirror: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTIA_MIRROR", mirror)
    assert mirror in refused()
    assert cached() == []


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_download_leaves_nothing(
    server: Server, interruption: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any) -> None:
        raise interruption

    monkeypatch.setattr("os.fsync", interrupt)
    with pytest.raises(interruption):
        load_data("mnist")
    assert cached() == []


def test_what_a_killed_process_left_is_swept(server: Server) -> None:
    folder = cache_folder() / "mnist"
    folder.mkdir(parents=True)
    done = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], check=True, capture_output=True)
    dead = folder / f".{STEMS[0]}.gz.{done.stdout.decode().strip()}.part"
    alive = folder / f".{STEMS[0]}.gz.{os.getppid()}.part"
    dead.write_bytes(b"half")
    alive.write_bytes(b"half")
    load_data("mnist")
    assert not dead.exists()
    assert alive.exists()


def test_a_cache_that_cannot_be_written(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LATENTIA_CACHE", str(tmp_path / "file"))
    assert "the cache cannot be written" in refused()


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LATENTIA_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_folder() == Path("/somewhere/latentia")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path("~/.cache/latentia").expanduser()
    monkeypatch.setenv("LATENTIA_CACHE", "/own")
    assert cache_folder() == Path("/own")


def test_a_bar_is_shown_on_a_terminal(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    errors: list[str] = []
    monkeypatch.setattr("sys.stderr.write", errors.append)
    name = f"{STEMS[0]}.gz"
    fetch([Remote(f"{server.url}/mnist/{name}", name, NAMED["mnist"].sha256[STEMS[0]])], tmp_path / "into", "advice")
    assert any(name in text for text in errors)

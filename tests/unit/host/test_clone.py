"""A clone as Git makes it on other machines: under a strict umask, and with the row ends of Windows."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.house import ROOT
from tests.unit.host.conftest import Clone

if TYPE_CHECKING:
    from pathlib import Path

# What only people and Git read may have any row ends.
FOR_PEOPLE = re.compile(r"(^|/)(LICENSE|NOTICE|\.gitignore|\.gitattributes|\.editorconfig)$|\.(svg|json|png|wav)$")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that Git tracks, as `git -c core.autocrlf=true clone` under umask 077 writes it."""
    folder = tmp_path_factory.mktemp("elsewhere") / "landline"
    command = ["git", "-c", "core.autocrlf=true", "checkout-index", "--all", f"--prefix={folder}/"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, umask=0o077)
    if done.returncode:
        pytest.skip("this is not a clone, so Git knows nothing of it")
    return folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def has_windows_row_ends(path: Path) -> bool:
    data = path.read_bytes()
    return b"\r\n" in data and b"\0" not in data


def test_the_checkout_is_as_strict_and_as_foreign_as_it_should_be(checkout: Path) -> None:
    assert has_windows_row_ends(checkout / "LICENSE")
    assert mode(checkout / "compose.yaml") == 0o600
    assert mode(checkout / "livekit") == 0o700


def test_no_file_that_a_container_or_a_script_reads_has_windows_row_ends(checkout: Path) -> None:
    files = [path for path in checkout.rglob("*") if path.is_file()]
    assert len(files) > 300
    names = [str(path.relative_to(checkout)) for path in files if has_windows_row_ends(path)]
    assert [name for name in names if not FOR_PEOPLE.search(name)] == []


def test_such_a_checkout_makes_its_settings_and_lines_and_containers_can_read_them(checkout: Path) -> None:
    clone = Clone(checkout)
    done = clone.sh("-c", "umask 077; sh bootstrap/host/make_env.sh")
    assert (done.returncode, done.stderr) == (0, "")
    made = [clone.env_file, *(path for path in (checkout / "lines").rglob("*") if path.is_file())]
    assert len(made) > 8
    assert not [path.name for path in made if b"\r" in path.read_bytes()]
    mounted = re.findall(r"- \./(.*?):.*:ro", (checkout / "compose.yaml").read_text())
    assert len(mounted) > 5
    assert [name for name in mounted if mode(checkout / name) & 0o444 != 0o444] == []
    assert os.access(checkout / "livekit", os.X_OK)


@pytest.mark.parametrize("folder", ["bootstrap/host", "livekit"])
def test_every_script_of_it_is_one_that_a_shell_understands(checkout: Path, folder: str) -> None:
    scripts = sorted((checkout / folder).glob("*.sh"))
    assert scripts
    for script in scripts:
        done = subprocess.run(["bash", "-n", str(script)], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")

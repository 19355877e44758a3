"""An authority of the operator's own is a file in the folder of the lines; a file that is none is refused."""

import os
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path

import certifi
import pytest

from agent.worker.certificates import OF_REQUESTS, VARIABLE, problems, trust_own_authorities
from tests.unit.agent.worker.test_probe import authority

__all__ = ["authority"]


@pytest.fixture
def lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (VARIABLE, OF_REQUESTS):
        monkeypatch.setenv(name, "")  # so that it is as before after the test
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # what is written for a process stays until it ends
    folder = tmp_path / "lines"
    folder.mkdir()
    return folder


def test_without_the_file_nothing_changes(lines: Path) -> None:
    trust_own_authorities(lines)
    assert problems(lines) == []
    assert os.environ[VARIABLE] == ""


def test_one_file_has_the_usual_authorities_and_ones_own(lines: Path, authority: Path) -> None:
    (lines / "ca.pem").write_bytes((authority / "ca.pem").read_bytes())
    assert problems(lines) == []
    trust_own_authorities(lines)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(os.environ[VARIABLE])
    found = context.get_ca_certs()
    usual = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    usual.load_verify_locations(certifi.where())
    assert "Our own authority" in str(found)
    assert len(found) == len(usual.get_ca_certs()) + 1


def test_a_process_that_the_agent_starts_trusts_it_in_every_client(lines: Path, authority: Path) -> None:
    (lines / "ca.pem").write_bytes((authority / "ca.pem").read_bytes())
    trust_own_authorities(lines)
    clients = """
import httpx2, requests, ssl
from aiohttp import connector
from livekit.agents.utils import http_context
contexts = [httpx2.create_ssl_context(), http_context._create_ssl_context(), connector._make_ssl_context(True)]
print([any("Our own authority" in str(found) for found in it.get_ca_certs()) for it in contexts])
print(requests.Session().merge_environment_settings("https://chat.example", {}, None, None, None)["verify"])
"""
    done = subprocess.run([sys.executable, "-c", clients], capture_output=True, text=True, check=True)
    assert done.stdout == f"[True, True, True]\n{os.environ[VARIABLE]}\n"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "has no certificates in PEM form"),
        (b"not a certificate\n", "has no certificates in PEM form"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "has no certificates in PEM form"),
        (b"\x30\x82\x01\xff", "cannot be read: it contains bytes that are not ASCII"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n", "contains a private key"),
    ],
)
def test_a_file_that_is_no_authority_is_refused_and_not_used(lines: Path, content: bytes, told: str) -> None:
    (lines / "ca.pem").write_bytes(content)
    [problem] = problems(lines)
    assert problem.startswith(f"lines/ca.pem {told}")
    trust_own_authorities(lines)
    assert os.environ[VARIABLE] == ""


def test_a_certificate_of_a_server_alone_is_no_authority(lines: Path, authority: Path) -> None:
    (lines / "ca.pem").write_bytes((authority / "server.pem").read_bytes())
    [problem] = problems(lines)
    assert "none of an authority" in problem

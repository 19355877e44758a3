"""Digest answers against the examples of the RFCs."""

import pytest

from phone.wire.digest import Credentials, answer

MUFASA = Credentials("Mufasa", "Circle Of Life")
RFC2617 = (
    'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
    'opaque="5ccc069c403ebaf9f0171e9517f40e41"'
)


def test_the_example_of_rfc_2617_is_answered_as_printed_there() -> None:
    given = answer(RFC2617, MUFASA, "GET", "/dir/index.html", cnonce="0a4f113b")
    assert given.parameters is not None
    assert given.parameters["response"] == "6629fae49393a05397450978507c4ef1"
    assert given.parameters["opaque"] == "5ccc069c403ebaf9f0171e9517f40e41"


def test_the_sha_256_example_of_rfc_7616_is_answered_as_printed_there() -> None:
    challenge = (
        'Digest realm="http-auth@example.org", qop="auth", algorithm=SHA-256, '
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    given = answer(challenge, Credentials("Mufasa", "Circle of Life"), "GET", "/dir/index.html", cnonce)
    assert given.parameters is not None
    assert given.parameters["response"] == "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"


def test_a_challenge_without_qop_gets_the_answer_of_rfc_2069() -> None:
    challenge = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    given = answer(challenge, Credentials("Mufasa", "CircleOfLife"), "GET", "/dir/index.html")
    assert given.parameters is not None
    assert given.parameters["response"] == "1949323746fe6a43ef61f9606e7febea"
    assert "cnonce" not in given.parameters


@pytest.mark.parametrize(
    "challenge",
    [
        "",
        'Basic realm="x"',
        'Digest realm="x", nonce="y", algorithm=MD5-sess',
        'Digest realm="x", nonce="y", qop="auth-int"',
    ],
)
def test_a_challenge_that_is_not_known_is_refused(challenge: str) -> None:
    with pytest.raises(ValueError, match="cannot answer"):
        answer(challenge, MUFASA, "INVITE", "sip:x")


def test_a_password_is_never_printed() -> None:
    assert "Circle" not in repr(MUFASA)

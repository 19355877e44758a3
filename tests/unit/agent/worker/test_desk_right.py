"""Only the desk is answered: its token is signed with the API secret and says that it is the desk's."""

import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp import web
from livekit.api import AccessToken, VideoGrants

from agent.worker.desk_right import check_desk
from tests.unit.agent.fakes import host

SECRET = "a-secret-of-tests-that-is-long-enough"


def token(identity: str = "desk", secret: str = SECRET, key: str = "key", minutes: float = 60) -> AccessToken:
    return AccessToken(key, secret).with_identity(identity).with_ttl(timedelta(minutes=minutes))


def check(authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    check_desk(cast("web.Request", SimpleNamespace(headers=headers)), host(livekit_api_secret=SECRET))


def test_the_desks_token_is_accepted() -> None:
    check(f"Bearer {token().to_jwt()}")


@pytest.mark.parametrize(
    ("authorization", "said"),
    [
        (None, "needs the header"),
        ("", "needs the header"),
        ("Bearer", "needs the header"),
        ("Bearer ", "needs the header"),
        (f"Basic {token().to_jwt()}", "needs the header"),
        ("Bearer a.b.c", "not signed"),
        ("Bearer \udcff", "not signed"),
        (f"Bearer {token(secret='another-secret-that-is-long-enough-too').to_jwt()}", "not signed"),
        (f"Bearer {token(key='another').to_jwt()}", "not signed"),
        (f"Bearer {token(minutes=-10).to_jwt()}", "expired"),
        (f"Bearer {token(identity='').to_jwt()}", "not the desk's"),
        (
            f"Bearer {token('browser-01').with_grants(VideoGrants(room_join=True, room='call-1')).to_jwt()}",
            "not the desk's",
        ),
    ],
)
def test_anything_else_gets_a_sentence(authorization: str | None, said: str) -> None:
    with pytest.raises(web.HTTPUnauthorized) as caught:
        check(authorization)
    answer: dict[str, Any] = json.loads(caught.value.text or "")
    assert caught.value.content_type == "application/json"
    assert said in answer["error"]
    assert SECRET not in answer["error"]

"""A secret of a line is a name in line.toml; what it stands for is found once and never shown."""

from typing import Any

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

from agent.lines.secret import Secret, SecretAddress

KNOWN = {"HOOK": SecretStr("https://example.com/?key=canary"), "WORD": SecretStr("canary")}


class Table(BaseModel, hide_input_in_errors=True):
    token: Secret | None = None
    url: SecretAddress | None = None


def read(secrets: Any = KNOWN, **given: Any) -> Table:
    return Table.model_validate(given, context={"secrets": secrets})


def test_a_name_is_what_it_stands_for() -> None:
    table = read(token="WORD", url="HOOK")
    assert table.token
    assert table.url
    assert table.token.get_secret_value() == "canary"
    assert table.url.get_secret_value() == "https://example.com/?key=canary"
    assert "canary" not in repr(table)


def test_what_has_been_found_already_stays_as_it_is() -> None:
    found = read(token="WORD")
    assert Table.model_validate({"token": found.token}).token is found.token


def test_what_is_not_named_is_not_set() -> None:
    assert (read().token, read().url) == (None, None)


@pytest.mark.parametrize("context", [None, {}, {"secrets": {}}])
def test_without_any_secret_no_name_is_known(context: Any) -> None:
    with pytest.raises(ValidationError, match="names WORD, which has no value in lines/secrets"):
        Table.model_validate({"token": "WORD"}, context=context)


@pytest.mark.parametrize("written", ["word", "MY-KEY", "1KEY", "_KEY", "WORD ", "WORD\n", "", 7, True, ["WORD"]])
def test_what_is_no_name_is_refused_and_not_shown(written: Any) -> None:
    with pytest.raises(ValidationError) as error:
        read(token=written)
    [problem] = error.value.errors()
    assert problem["msg"].endswith("should be a name from lines/secrets.env, such as WEBHOOK_URL: put the value there")
    assert "input_value" not in str(error.value)


def test_an_address_is_judged_without_being_shown() -> None:
    with pytest.raises(ValidationError) as error:
        read(url="WORD")
    assert "names a secret in lines/secrets.env whose value should begin with http:// or https://" in str(error.value)
    assert "canary" not in str(error.value)


def test_an_editor_is_told_that_it_is_a_name() -> None:
    schema = Table.model_json_schema()["properties"]
    assert schema["token"]["anyOf"][0] == {"type": "string", "pattern": "^[A-Z][A-Z0-9_]*$"}
    assert schema["url"]["anyOf"][0] == schema["token"]["anyOf"][0]

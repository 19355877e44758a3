"""The owner's command for the do-not-call list."""

from pathlib import Path

import pytest

from agent.outbound import do_not_call, orders
from agent.outbound.orders import Orders

ANNA = "+12025550123"


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(Orders.__init__, "__defaults__", ("UTC", tmp_path))
    return tmp_path


def test_the_owner_adds_sees_and_removes_a_number(capsys: pytest.CaptureFixture[str]) -> None:
    assert do_not_call.main(["coffee", "add", ANNA]) == 0
    assert capsys.readouterr().out == "The number is on the list, and the line does not call it.\n"
    assert do_not_call.main(["coffee"]) == 0
    number, _, how = capsys.readouterr().out.split()
    assert (number, how) == (ANNA, "owner")
    for said in ("The number is off the list, and the line may call it.\n", "The number was not on the list.\n"):
        assert do_not_call.main(["coffee", "remove", ANNA]) == 0
        assert capsys.readouterr().out == said
    assert do_not_call.main(["dentist"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("arguments", [[], ["coffee", "add"], ["coffee", "keep", ANNA], ["coffee", "add", ANNA, "x"]])
def test_it_says_how_it_is_used(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert do_not_call.main(arguments) == 2
    assert capsys.readouterr().err.startswith("error: usage: python -m agent.outbound.do_not_call LINE")


def test_a_number_is_listed_in_the_form_in_which_it_is_called() -> None:
    assert do_not_call.main(["coffee", "add", "+49030123456"]) == 0
    assert not Orders("coffee").may_be_called("+4930123456")
    assert do_not_call.main(["coffee", "remove", "+49030123456"]) == 0
    assert Orders("coffee").may_be_called("+4930123456")


def test_a_number_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert do_not_call.main(["coffee", "add", "0123"]) == 2
    assert "'0123' is not a number in E.164 form" in capsys.readouterr().err
    assert Orders("coffee").listed() == []


def test_a_list_that_cannot_be_used_is_said_so(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / orders.FILE).write_bytes(b"no database at all, but longer than one page of it would need" * 20)
    assert do_not_call.main(["coffee"]) == 2
    assert "the do-not-call list cannot be used" in capsys.readouterr().err

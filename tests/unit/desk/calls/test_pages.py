"""The pages of calls, as a browser gets them."""

from __future__ import annotations

import csv
import io
import re
import threading
from html import unescape
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from desk.calls import export
from desk.records.folders import Folders
from desk.records.index import Index
from tests.unit.desk.made_up import CALLER, named, put_message, put_news, put_note, put_record, transcript_of
from tests.unit.desk.payloads import PAYLOADS

if TYPE_CHECKING:
    from pathlib import Path

    from httpx2 import Response

    from tests.unit.desk.conftest import Visitor

NAME = named()
PAGE = f"/calls/{NAME.path}"
HTML = {"Accept": "text/html"}


@pytest.fixture(autouse=True)
def _always_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desk.records.index.LOOKED_EVERY", 0.0)
    monkeypatch.setattr("desk.records.index.WAITED", 60.0)


def text_of(answer: Response) -> str:
    """Return what a person reads on a page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


class Elements(HTMLParser):
    """Collects the elements of a page with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_only_the_operator_sees_calls(visitor: Visitor, data: Path) -> None:
    put_record(data, NAME)
    for path in ("/calls", PAGE, f"{PAGE}/audio.ogg", f"{PAGE}/timeline.json", "/calls/export.csv", f"{PAGE}/delete"):
        answer = visitor.get(path, headers=HTML)
        assert answer.is_redirect, path
        assert "/sign-in" in answer.headers["location"]
        assert visitor.get(path).status_code == 401
    assert visitor.post(f"{PAGE}/delete").status_code == 401
    assert Folders(data).folder_of(NAME)


def test_before_the_first_call(operator: Visitor) -> None:
    assert "No call has come in yet" in text_of(operator.get("/calls"))


def test_the_list(operator: Visitor, data: Path) -> None:
    put_record(data, NAME)
    put_note(data, NAME)
    put_note(data, named("2026-07-01_100000-aaaaaa"), kept=False, came_by="browser", caller="", name="")
    put_note(
        data, named("2026-06-01_100000-bbbbbb"), kept=False, rejected="busy", cost={"total": None, "currency": "USD"}
    )
    put_note(data, named("2026-05-01_100000-cccccc"), b"{")
    page = operator.get("/calls")
    seen = text_of(page)
    assert seen.index("2026-11-25 15:22:33 CET") < seen.index("2026-07-01 12:00:00 CEST")
    for said in ("Ada (+12025550123)", "0:41", "0.0123 USD", "Somebody in a browser", "Not recorded", "Damaged"):
        assert said in seen
    assert "Rejected: too many calls at once" in seen
    assert "price unknown" in seen
    assert f'href="{PAGE}"' in page.text


def test_htmx_gets_the_list_alone(operator: Visitor, data: Path) -> None:
    put_record(data, NAME)
    part = operator.get("/calls", headers={"HX-Request": "true"})
    assert part.text.lstrip().startswith("<p ")
    assert PAGE in part.text
    whole = operator.get("/calls", headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert whole.text.startswith("<!doctype html>")


def test_a_problem_leaves_the_place_in_which_the_next_list_is_shown(operator: Visitor) -> None:
    """htmx shows whatever comes, also a sentence, where `hx-target` says."""
    whole = Elements(operator.get("/calls").text).found
    [form] = [its for tag, its in whole if tag == "form" and its.get("hx-target") == "#found"]
    assert form["hx-swap"] == "innerHTML"
    assert [tag for tag, its in whole if its.get("id") == "found"] == ["section"]
    for query in ("", "?since=2026-11-26&until=2026-11-25"):
        part = operator.get(f"/calls{query}", headers={"HX-Request": "true"})
        assert 'id="found"' not in part.text


def test_the_search_says_when_nothing_is_found(operator: Visitor, data: Path) -> None:
    put_record(data, NAME)
    assert PAGE in operator.get("/calls?text=%2B1+(202)+555-0123").text
    nothing = operator.get("/calls?text=decaf&line=coffee")
    assert "No call is like this" in text_of(nothing)
    assert 'value="decaf"' in nothing.text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("since=yesterday", "has to be written like 2026-11-25"),
        ("since=2026-11-26&until=2026-11-25", "The first day is after the last one"),
        ("kept=perhaps", "kept has to be yes or no"),
        ("page=../../etc", "This is no page of the list"),
        (f"text={'x' * 201}", "200 at most"),
    ],
)
def test_a_wrong_search_is_said(operator: Visitor, query: str, said: str) -> None:
    for headers in (HTML, {"HX-Request": "true"}):
        answer = operator.get(f"/calls?{query}", headers=headers)
        assert answer.status_code == 400
        assert said in text_of(answer)


def test_pages_of_the_list(operator: Visitor, data: Path) -> None:
    for number in range(120):
        put_note(data, named(f"2026-11-20_12{number // 60:02}{number % 60:02}-aaaaaa"))
    seen: list[str] = []
    path = "/calls?line=coffee"
    while path:
        page = operator.get(path).text
        seen += re.findall(r'href="/calls/coffee/2026-11-20/(\d{6})', page)
        older = re.search(r'href="([^"]+)" rel="next"', page)
        path = unescape(older[1]) if older else ""
        assert not path or "line=coffee" in path
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 120


def test_one_call(operator: Visitor, data: Path) -> None:
    message = {
        "who": "Anna",
        "number": CALLER,
        "about": "the grinder",
        "urgent": True,
        "at": "2026-11-25T14:23:00+00:00",
    }
    put_record(data, NAME, messages=[message])
    put_note(
        data, NAME, cost={"currency": "USD", "total": None, "parts": [{"kind": "tts", "model": "x", "amount": None}]}
    )
    page = operator.get(PAGE)
    seen = text_of(page)
    assert page.status_code == 200
    for said in (
        *("2026-11-25 15:22:33 CET", "Do you roast Yirgacheffe?", "Yes, every Tuesday.", "Interrupted", "search_facts"),
        *('{ "about": "roast" }', "on Tuesdays", "4711#", "Transfer to Grace: busy", "Anna", "the grinder", "Urgent"),
        *("The caller asked for a roast.", "guests", "openai/whisper", "price unknown", "book_table: done", "0:20"),
        *("0.40 s", "0.20 s", "0.10 s", "1.10 s", "0.61 s", "2026-11-25 15:23:00 CET", "took 0.20 s"),
        "What this call has cost is not known, because a price is missing",
    ):
        assert said in seen, said
    assert f'src="{PAGE}/audio.ogg"' in page.text
    assert 'data-at="7.1"' in page.text


def test_the_time_axis_splits_every_gap(operator: Visitor, data: Path) -> None:
    put_record(data, NAME)
    axis = operator.get(f"{PAGE}/timeline.json").json()
    assert axis["gaps"] == [
        {
            "start": 6.0,
            "seconds": 1.1,
            "stages": [
                {"name": "Transcribed", "seconds": 0.4},
                {"name": "Decided", "seconds": 0.2},
                {"name": "First token", "seconds": 0.1},
                {"name": "First audio", "seconds": 0.4},
            ],
            "interrupted": True,
        }
    ]
    assert [mark["text"] for mark in axis["marks"]] == [
        "Transfer to Grace: busy",
        "Tool search_facts",
        "book_table: done",
        "The caller typed 4711#",
    ]


def test_a_call_that_was_not_recorded_has_its_gaps_all_the_same(operator: Visitor, data: Path) -> None:
    put_note(data, NAME, kept=False)
    page = operator.get(PAGE)
    assert "nothing that was said in it is kept" in text_of(page)
    assert "1.10 s" in text_of(page)
    assert "<audio" not in page.text
    assert operator.get(f"{PAGE}/timeline.json").json()["gaps"][0]["start"] == 7.1
    assert operator.get(f"{PAGE}/audio.ogg").status_code == 404


@pytest.mark.parametrize(
    ("put", "said"),
    [
        (lambda data: put_record(data, NAME, b'{"version": 1, "turns": ['), "was only half written"),
        (lambda data: put_record(data, NAME, b""), "The transcript is empty"),
        (lambda data: put_record(data, NAME, audio=b""), "The recording is empty"),
        (lambda data: put_record(data, NAME, audio=None), "The record has no sound"),
        (lambda data: put_record(data, NAME, outcome="the agent broke off"), "may lack the end"),
        (lambda data: put_record(data, NAME, summary="Card [redacted]."), "are replaced by [redacted]"),
        (lambda data: put_record(data, NAME), "There is no note of this call"),
        (lambda data: put_note(data, NAME, b"{", kept=False), "The note is damaged"),
        (lambda data: put_note(data, NAME, kept=False, rejected="caller_limit"), "the caller's limit for today"),
        (lambda data: put_note(data, NAME, draft="a" * 32), "had not been saved"),
        (lambda data: put_message(data, NAME), "the grinder"),
        (lambda data: Folders(data).work_of(NAME).mkdir(parents=True), "is still being written"),
    ],
)
def test_whatever_is_left_of_a_call_is_said(operator: Visitor, data: Path, put: Any, said: str) -> None:
    put(data)
    page = operator.get(PAGE)
    assert page.status_code == 200
    assert said in text_of(page)
    assert operator.get(f"{PAGE}/timeline.json").status_code == 200


def test_a_call_that_is_gone(operator: Visitor) -> None:
    for path in (PAGE, f"{PAGE}/timeline.json", f"{PAGE}/delete", f"{PAGE}/call.json"):
        answer = operator.get(path)
        assert answer.status_code == 404
        assert "It may have been deleted while you looked at it" in text_of(answer)
    told = operator.get(f"{PAGE}/timeline.json", headers={"Accept": "application/json"})
    assert "deleted" in told.json()["error"]


@pytest.mark.parametrize(
    "path",
    [
        "/calls/..%2f..%2fetc/2026-11-25/142233-1f2e3d",
        "/calls/coffee/..%2f..%2f2026-11-25/142233-1f2e3d",
        "/calls/coffee/2026-11-25/..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/calls/coffee/2026-11-25/142233-1f2e3d%00",
        "/calls/coffee/2026-11-25/142233-1f2e3d%0a",
        "/calls/.work/2026-11-25/142233-1f2e3d",
        "/calls/coffee/2026-11-25/142233-1f2e3d-message-1",
        "/calls/coffee/.work/2026-11-25_142233-1f2e3d",
    ],
)
def test_no_other_file_can_be_meant(operator: Visitor, data: Path, path: str) -> None:
    put_record(data, NAME)
    put_message(data, NAME)
    for what in ("", "/audio.ogg", "/call.json", "/delete"):
        assert operator.get(f"{path}{what}").status_code == 404


def test_a_link_is_not_played(operator: Visitor, data: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    audio = put_record(data, NAME) / "audio.ogg"
    audio.unlink()
    audio.symlink_to(secret)
    answer = operator.get(f"{PAGE}/audio.ogg")
    assert answer.status_code == 404
    assert "secret" not in answer.text


def test_parts_of_the_sound(operator: Visitor, data: Path) -> None:
    put_record(data, NAME, audio=b"OggS0123456789")
    whole = operator.get(f"{PAGE}/audio.ogg")
    assert whole.content == b"OggS0123456789"
    assert whole.headers["content-type"] == "audio/ogg"
    part = operator.get(f"{PAGE}/audio.ogg", headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"0123")
    assert operator.get(f"{PAGE}/audio.ogg", headers={"Range": "bytes=99-"}).status_code == 416
    saved = operator.get(f"{PAGE}/audio.ogg?download")
    assert saved.headers["content-disposition"] == f'attachment; filename="coffee-{NAME.record}.ogg"'


def test_one_call_as_json(operator: Visitor, data: Path) -> None:
    put_record(data, NAME)
    put_note(data, NAME)
    answer = operator.get(f"{PAGE}/call.json")
    made = answer.json()
    assert made["transcript"]["turns"][1]["text"] == "Do you roast Yirgacheffe?"
    assert made["note"]["greeted_after"] == 0.61
    assert "attachment" in answer.headers["content-disposition"]


def test_a_list_as_a_file_has_the_whole_selection(operator: Visitor, data: Path) -> None:
    for number in range(60):
        put_note(data, named(f"2026-11-20_1200{number:02}-aaaaaa"), outcome="busy")
    put_note(data, NAME)
    rows = list(csv.DictReader(io.StringIO(operator.get("/calls/export.csv?outcome=busy").text)))
    assert len(rows) == 60
    assert rows[0]["record"] == "2026-11-20_120059-aaaaaa"
    assert rows[0]["caller"] == "'+12025550123"  # a plus would begin a formula
    assert rows[0]["cost"] == "0.0123"
    made = operator.get("/calls/export.json").json()
    assert len(made) == 61
    assert made[0]["caller"] == CALLER
    assert operator.get("/calls/export.xml").status_code == 404


def test_a_selection_that_is_too_long_for_a_file_is_refused(
    operator: Visitor, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "MOST", 2)
    for number in range(3):
        put_note(data, named(f"2026-11-20_1200{number:02}-aaaaaa"), outcome="busy" if number else "")
    answer = operator.get("/calls/export.csv")
    assert (answer.status_code, "More than 2 calls are too many for one file" in answer.text) == (400, True)
    assert operator.get("/calls/export.csv?outcome=busy").status_code == 200


@pytest.mark.parametrize(
    "name",
    ["=1+1", "@SUM(A1)", "-1", "+1", "\t=1", "\r=1", "\n=1", " =1", "\uff1d1", '=HYPERLINK("http://x")', "=cmd|x!A0"],
)
def test_no_cell_is_a_formula(operator: Visitor, data: Path, name: str) -> None:
    put_record(data, NAME, name=name, summary=name, outcome=name)
    row = next(csv.DictReader(io.StringIO(operator.get("/calls/export.csv").content.decode(), newline="")))
    for cell in (row["name"], row["summary"], row["outcome"]):
        assert cell.startswith("'")
        assert cell[1:] == name


def everywhere(text: str) -> dict[str, Any]:
    """Return a transcript with this text wherever somebody else's text can be."""
    return transcript_of(
        NAME,
        name=text,
        caller=text,
        dialled=text,
        outcome=text,
        language=text,
        order=text,
        summary=text,
        turns=[
            {"who": who, "text": text, "start": 1.0, "end": 2.0, "latencies": {"first_audio": 0.5}}
            for who in ("caller", "agent", text)
        ],
        tool_calls=[{"name": text, "arguments": {text: text}, "result": text, "at": 1.0}],
        actions=[{"what": text, "outcome": text, "at": 1}],
        keys=[{"keys": text, "start": 1, "end": 2}],
        transfers=[{"to": text, "kind": text, "outcome": text, "at": text}],
        messages=[{"who": text, "number": text, "about": text, "urgent": False, "at": text}],
        outcome_fields={"values": {text: text}, "left_out": [text]},
        models={"stt": text, "llm": text, "tts": text},
    )


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_text_with_a_script_in_it_is_shown_as_text(operator: Visitor, data: Path, payload: str) -> None:
    put_record(data, NAME)
    put_note(data, NAME)
    known = {path: Elements(operator.get(path).text) for path in (PAGE, "/calls", f"{PAGE}/delete")}
    harmless = {path: {tag for tag, _ in page.found} for path, page in known.items()}

    put_record(data, NAME, everywhere(payload))
    put_note(
        data,
        NAME,
        rejected=payload,
        usage=[{"kind": payload, "provider": payload, "model": payload}],
        cost={"currency": payload, "total": 1, "parts": [{"kind": payload, "model": payload, "amount": 1}]},
        tools=[{"name": payload}],
    )
    pages = {
        path: operator.get(path, headers=HTML) for path in (PAGE, "/calls", f"{PAGE}/delete", f"{PAGE}/delete-caller")
    }
    search = operator.get("/calls", params={"text": payload[:200]}, headers=HTML)
    for path, page in [*pages.items(), ("/calls", search)]:
        assert page.status_code == 200
        made = Elements(page.text)
        new = {tag for tag, _ in made.found} - harmless.get(path, harmless[f"{PAGE}/delete"])
        assert new <= {"li", "ul", "p", "dl", "dt", "dd", "br", "strong", "span", "section", "h2", "input", "button"}, (
            path
        )
        for tag, attributes in made.found:
            assert not [name for name in attributes if name.startswith("on")], (path, tag)
            assert "style" not in attributes
            for name in ("href", "src", "action", "hx-get"):
                assert re.match(r"(/|#|$)", attributes.get(name) or ""), (path, tag, attributes)
            assert tag != "script" or str(attributes.get("src")).startswith("/static/")
        assert "default-src 'self'" in page.headers["content-security-policy"]
        assert "unsafe" not in page.headers["content-security-policy"]
    shown = unescape(pages[PAGE].text)
    assert payload.replace("\x00", "\ufffd") in shown.replace("\x00", "\ufffd")
    assert "49" not in text_of(pages["/calls"]).replace("7 * 7", "").split()


def test_deleting_one_call_asks_first(operator: Visitor, data: Path) -> None:
    put_record(data, NAME, audio=b"x" * 250_000)
    put_note(data, NAME)
    put_message(data, NAME)
    put_news(data, f"call-ended-{NAME.record}.json")
    asked = operator.get(f"{PAGE}/delete")
    seen = text_of(asked)
    for said in ("1 record: the sound (0.2 MB)", "1 note", "1 message", "1 event or notice", "cannot be taken back"):
        assert said in seen
    assert Folders(data).folder_of(NAME)

    assert operator.post(f"{PAGE}/delete").status_code == 403
    assert Folders(data).folder_of(NAME)
    assert operator.submit(f"{PAGE}/delete") == "/calls?deleted=1"
    assert "The call is deleted." in text_of(operator.get("/calls?deleted=1"))
    assert [path for path in data.rglob("*") if path.is_file() and "desk" not in path.parts] == []
    assert operator.get(PAGE).status_code == 404
    assert operator.submit(f"{PAGE}/delete") == "/calls?deleted=1"  # again, by somebody whose page is older


def test_deleting_everything_of_a_caller(operator: Visitor, data: Path) -> None:
    put_record(data, NAME)
    put_note(data, named("2026-11-20_120000-aaaaaa", "tea"))
    put_note(data, named("2026-11-20_120000-bbbbbb"), caller="+12025550199")
    asked = text_of(operator.get(f"{PAGE}/delete-caller"))
    assert "Delete everything of +12025550123?" in asked
    assert "2 calls" in asked
    assert operator.post(f"{PAGE}/delete-caller", data={"csrf_token": operator.token}).status_code == 400
    assert operator.submit(f"{PAGE}/delete-caller", caller=CALLER) == "/calls?deleted=2"
    assert "bbbbbb" in operator.get("/calls").text
    assert "aaaaaa" not in operator.get("/calls").text


def test_a_withheld_number_has_no_other_calls(operator: Visitor, data: Path) -> None:
    put_record(data, NAME, caller="", name="")
    assert "Delete everything" not in operator.get(PAGE).text
    assert operator.get(f"{PAGE}/delete-caller").status_code == 404


def test_a_call_that_is_being_written_is_not_deleted(operator: Visitor, data: Path) -> None:
    put_note(data, NAME)
    Folders(data).work_of(NAME).mkdir(parents=True)
    assert "is still being written: delete it when it is over" in text_of(operator.get(f"{PAGE}/delete"))
    answer = operator.post(f"{PAGE}/delete", data={"csrf_token": operator.token})
    assert answer.status_code == 409
    assert "is still being written: delete it when it is over" in text_of(answer)
    assert Folders(data).note_of(NAME).exists()


def test_damaged_calls_may_be_of_any_caller(operator: Visitor, data: Path) -> None:
    put_note(data, NAME)
    damaged = named("2026-11-20_120000-aaaaaa")
    assert "may be this caller's" not in text_of(operator.get(f"{PAGE}/delete-caller"))
    put_note(data, damaged, b"{")
    asked = operator.get(f"{PAGE}/delete-caller")
    assert "What is damaged may be this caller's, too, and stays" in text_of(asked)
    assert f'href="/calls/{damaged.path}"' in asked.text


@pytest.mark.parametrize("what", ["", "/delete", "/delete-caller", "/call.json"])
def test_records_that_cannot_be_read_are_said(
    operator: Visitor, data: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    put_note(data, NAME)

    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Folders, "messages_of", refused)
    answer = operator.get(f"{PAGE}{what}")
    assert answer.status_code == 503
    assert "cannot be read just now: Permission denied" in text_of(answer)


def test_there_is_one_index(operator: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The index is made in the event loop: two threads could make two, and one would miss what the other deletes."""
    made_in: list[str] = []

    def noted(*given: Any) -> Index:
        made_in.append(threading.current_thread().name)
        return Index(*given)

    monkeypatch.setattr("desk.calls.routes.Index", noted)
    assert operator.get("/calls").status_code == 200
    assert operator.get("/calls").status_code == 200
    assert len(made_in) == 1
    assert "AnyIO worker" not in made_in[0]


def test_what_has_just_been_done_is_said_once(operator: Visitor, data: Path) -> None:
    for number in range(60):
        put_note(data, named(f"2026-11-20_1200{number:02}-aaaaaa"))
    older = re.search(r'href="([^"]+)" rel="next"', operator.get("/calls?deleted=1&line=coffee").text)
    assert older
    assert "deleted" not in older[1]
    assert "line=coffee" in older[1]


def test_a_desk_folder_that_is_none_is_said(operator: Visitor, data: Path) -> None:
    put_record(data, NAME)
    for left in (data / "desk").iterdir():
        left.unlink()
    (data / "desk").rmdir()
    (data / "desk").touch()
    assert "cannot be written" in text_of(operator.get("/calls"))
    assert operator.get("/calls/export.csv").status_code == 503


def test_an_index_that_cannot_be_made_is_said(operator: Visitor, data: Path) -> None:
    put_record(data, NAME)
    (data / "desk" / "index.db").mkdir()
    page = operator.get("/calls")
    assert page.status_code == 200
    assert "may lack the newest calls" in text_of(page)
    assert "No call has come in yet" not in text_of(page)
    assert operator.get("/calls/export.csv").status_code == 503
    assert operator.get(PAGE).status_code == 200

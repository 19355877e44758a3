"""The pages of the lines, as an operator uses them: editing, conflicts, versions, and calling what is not saved."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.desk.conftest import Visitor
from tests.unit.desk.payloads import PAYLOADS

if TYPE_CHECKING:
    from pathlib import Path

    from httpx2 import Response
    from starlette.applications import Starlette

    from tests.unit.desk.lines.conftest import Agent


class Page:
    """The editor as a browser has it: its fields as they are shown, which a test changes and sends."""

    def __init__(self, operator: Visitor, path: str) -> None:
        self._operator, self._path = operator, path
        self.take(operator.get(path))

    def take(self, answer: Response) -> None:
        self.status, self.text = answer.status_code, answer.text
        found = re.findall(r'<textarea id="[\w-]+" name="([^"]+)"[^>]*>\n(.*?)</textarea>', answer.text, re.DOTALL)
        self.fields: dict[str, Any] = {html.unescape(name): html.unescape(text) for name, text in found}
        for name in ("base", "draft"):
            [value] = re.findall(rf'name="{name}" value="([^"]*)"', answer.text) or [""]
            self.fields[name] = html.unescape(value)

    def send(self, action: str = "save", **fields: Any) -> Response:
        sent = {**self.fields, **fields, "action": action, "csrf_token": self._operator.token}
        # A browser sends rows that end with CR LF.
        sent = {name: v.replace("\n", "\r\n") if isinstance(v, str) else v for name, v in sent.items()}
        parts = [(name, (None, one)) for name, v in sent.items() for one in (v if isinstance(v, list) else [v])]
        answer = self._operator.post(self._path, files=parts)
        if answer.status_code != 303:
            self.take(answer)
        return answer

    @property
    def seen(self) -> str:
        """What can be read on the page, without its text areas."""
        return html.unescape(re.sub(r"<[^>]+>", "", re.sub(r"<textarea.*?</textarea>", "", self.text, flags=re.DOTALL)))


@pytest.fixture
def page(operator: Visitor) -> Page:
    return Page(operator, "/lines/coffee")


def read(lines: Path, name: str) -> str:
    return (lines / "coffee" / name).read_text()


def kept(data: Path) -> list[str]:
    return sorted(path.name for path in (data / "desk/versions/coffee").iterdir())


def test_only_the_operator_sees_the_lines(visitor: Visitor, operator: Visitor) -> None:
    for path in ("/lines", "/lines/coffee", "/lines/coffee/versions"):
        assert visitor.get(path, headers={"Accept": "text/html"}).headers["location"].startswith("/sign-in")
        assert operator.get(path).status_code == 200
    assert "dentist" in operator.get("/lines").text
    for path in ("/lines/nobody", "/lines/nobody/versions", "/lines/COFFEE", "/lines/coffee/versions/x"):
        assert operator.get(path).status_code == 404


def test_every_file_is_shown_with_what_it_is_for_and_no_secret(page: Page, lines: Path) -> None:
    assert page.fields["text:persona.md"] == read(lines, "persona.md")
    assert page.fields["text:facts/menu.md"] == read(lines, "facts/menu.md")
    assert page.fields["text:tools.yaml"] == ""
    assert "Who the agent is, and how it talks." in page.seen
    assert "canary" not in page.text
    assert "secrets.env" not in page.fields


def test_a_saved_edit_is_in_the_file_and_nothing_else_is_touched(page: Page, lines: Path, data: Path) -> None:
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in lines.rglob("*") if path.is_file()}
    answer = page.send(**{"text:persona.md": "You are Ada.\nYou are kind.\n"})
    assert answer.headers["location"] == "/lines/coffee?done=saved"
    assert read(lines, "persona.md") == "You are Ada.\nYou are kind.\n"
    del before[lines / "coffee/persona.md"]
    assert before == {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before}
    assert len(kept(data)) == 2


def test_what_was_saved_is_said_and_what_needs_make_up(page: Page, operator: Visitor) -> None:
    answer = page.send(**{"text:line.toml": 'numbers = ["+12025550199"]\n'})
    assert answer.headers["location"] == "/lines/coffee?done=saved&make_up=numbers"
    told = operator.get(answer.headers["location"]).text
    assert "Saved. The next call uses it." in told
    assert "Run <code>make up</code>" in told
    assert "<b>" not in operator.get("/lines/coffee?done=saved&make_up=<b>&make_up=numbers").text


def test_sending_the_form_as_it_was_changes_nothing(page: Page, agent: Agent, data: Path) -> None:
    asked = len(agent.asked)
    assert page.send().headers["location"] == "/lines/coffee?done=nothing"
    assert (len(agent.asked), len(kept(data))) == (asked, 1)


def test_a_faulty_edit_is_refused_beside_its_file_and_the_text_is_still_there(
    page: Page, lines: Path, data: Path
) -> None:
    before = read(lines, "line.toml")
    wrong = '\nlanguage = "xx"\n'
    answer = page.send(
        **{"text:line.toml": wrong, "text:persona.md": "You are Ada.", "new_name": "tea", "new_text": "-"}
    )
    assert answer.status_code == 422
    assert "lines/coffee/line.toml row 2 has language = 'xx'" in page.seen
    assert "Nothing was saved" in page.seen
    assert (page.fields["text:line.toml"], page.fields["text:persona.md"]) == (wrong, "You are Ada.")
    assert (page.fields["new_text"], 'value="tea"' in page.text) == ("-", True)
    assert (read(lines, "line.toml"), len(kept(data))) == (before, 1)
    assert page.send(**{"text:line.toml": 'language = "de"\n', "new_name": "tea"}).status_code == 303
    assert (read(lines, "persona.md"), read(lines, "facts/tea.md")) == ("You are Ada.", "-")


def test_the_second_of_two_operators_is_told_and_loses_nothing(app: Starlette, page: Page, lines: Path) -> None:
    with Visitor(app) as other:
        other.sign_in()
        theirs = Page(other, "/lines/coffee")
        assert theirs.send(**{"text:persona.md": "Theirs.\n", "text:goodbye.md": "Bye.\n"}).status_code == 303
    answer = page.send(**{"text:persona.md": "Mine.\n", "text:greeting.md": "Hello.\n"})
    assert answer.status_code == 409
    assert "somebody else has changed a file" in page.seen
    assert re.search(r"-removed\s*Theirs\.", page.seen)
    assert re.search(r"\+added\s*Mine\.", page.seen)
    assert page.fields["text:persona.md"] == "Mine.\n"
    assert page.fields["text:greeting.md"] == "Hello.\n"
    assert page.fields["text:goodbye.md"] == "Bye.\n"  # which only the other has changed
    assert (read(lines, "persona.md"), read(lines, "goodbye.md")) == ("Theirs.\n", "Bye.\n")
    assert page.send().status_code == 303
    assert [read(lines, f"{name}.md") for name in ("persona", "greeting", "goodbye")] == [
        "Mine.\n",
        "Hello.\n",
        "Bye.\n",
    ]


def test_somebody_with_an_editor_on_the_host_counts_as_another(page: Page, lines: Path, operator: Visitor) -> None:
    (lines / "coffee/persona.md").write_text("By hand.\n")
    (lines / "coffee/facts/menu.md").write_text("- Tea: 2.00\n")
    assert page.send(**{"text:persona.md": "Mine.\n"}).status_code == 409
    assert page.fields["text:facts/menu.md"] == "- Tea: 2.00\n"
    assert page.send().status_code == 303
    assert (read(lines, "persona.md"), read(lines, "facts/menu.md")) == ("Mine.\n", "- Tea: 2.00\n")
    told = operator.get("/lines/coffee/versions").text
    assert told.count("<td>edited on the host</td>") == 2
    assert told.count("<td>edited in the desk</td>") == 1


def test_a_file_that_somebody_removed_meanwhile_is_a_conflict_only_if_it_was_edited(page: Page, lines: Path) -> None:
    (lines / "coffee/facts/menu.md").unlink()
    assert page.send(**{"text:greeting.md": "Hello.\n"}).status_code == 303
    assert not (lines / "coffee/facts/menu.md").exists()
    assert page.send(**{"text:greeting.md": "Hello.\n", "text:facts/menu.md": "- Tea: 2.00\n"}).status_code == 409
    assert page.fields["text:facts/menu.md"] == "- Tea: 2.00\n"
    assert page.send().status_code == 303
    assert read(lines, "facts/menu.md") == "- Tea: 2.00\n"


def test_facts_are_added_and_removed(page: Page, lines: Path, operator: Visitor) -> None:
    assert page.send(new_name="Tee & Gebäck", new_text="- Tee: 2,00\n", remove="facts/menu.md").status_code == 303
    assert read(lines, "facts/Tee & Gebäck.md") == "- Tee: 2,00\n"
    assert not (lines / "coffee/facts/menu.md").exists()
    assert "text:facts/Tee & Gebäck.md" in Page(operator, "/lines/coffee").fields


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "needs a name"),
        ("../secrets", "needs a name"),
        (".hidden", "needs a name"),
        ("a/b", "needs a name"),
        ("a\nb", "needs a name"),
        ("<img src=x>", "needs a name"),
        ("x" * 200, "needs a name"),
        ("menu", "exists already"),
        ("facts/menu.md", "exists already"),
    ],
)
def test_a_new_file_needs_a_name_of_its_own(page: Page, lines: Path, name: str, said: str) -> None:
    before = sorted(lines.rglob("*"))
    assert page.send(new_name=name, new_text="- Tea: 2.00").status_code == 422
    assert said in page.seen
    assert page.fields["new_text"] == "- Tea: 2.00"
    assert sorted(lines.rglob("*")) == before


def test_only_facts_can_be_removed(page: Page, lines: Path) -> None:
    assert page.send(remove="persona.md").status_code == 422
    assert "cannot be removed" in page.seen
    assert read(lines, "persona.md")


@pytest.mark.parametrize(
    "form",
    [
        {"base": "no json"},
        {"base": "[]"},
        {"base": "[" * 100_000},
        {"base": "{}", "text:../secrets.env": "x"},
        {"base": "{}", "text:/etc/passwd": "x"},
        {"base": '{"../x": ""}'},
        {"base": "{}", "remove": "../secrets.env"},
    ],
)
def test_a_form_of_somebody_elses_making_gets_a_sentence(operator: Visitor, lines: Path, form: dict[str, str]) -> None:
    before = {path: path.read_bytes() for path in lines.rglob("*") if path.is_file()}
    answer = operator.post("/lines/coffee", data={**form, "csrf_token": operator.token})
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert before == {path: path.read_bytes() for path in lines.rglob("*") if path.is_file()}


def test_without_the_token_nothing_is_written(operator: Visitor, lines: Path) -> None:
    before = read(lines, "persona.md")
    form = {"base": json.dumps({"persona.md": ""}), "text:persona.md": "Mine."}
    assert operator.post("/lines/coffee", data={**form, "csrf_token": "0" * 64}).status_code == 403
    assert read(lines, "persona.md") == before


def test_if_the_agent_cannot_be_asked_nothing_is_written_and_nothing_lost(
    page: Page, lines: Path, agent: Agent, operator: Visitor
) -> None:
    before = read(lines, "persona.md")
    agent.down = True
    assert page.send(**{"text:persona.md": "Mine."}).status_code == 503
    assert (page.fields["text:persona.md"], read(lines, "persona.md")) == ("Mine.", before)
    assert "could not be checked" in Page(operator, "/lines/coffee").seen


def test_a_full_disk_is_said_and_nothing_is_lost(page: Page, lines: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = read(lines, "persona.md")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert page.send(**{"text:persona.md": "Mine."}).status_code == 507
    assert "No space left on device" in page.seen
    assert (page.fields["text:persona.md"], read(lines, "persona.md")) == ("Mine.", before)


def test_what_is_wrong_already_is_said_where_it_is(lines: Path, operator: Visitor) -> None:
    (lines / "coffee/allowed.txt").write_text("nobody\n")
    page = Page(operator, "/lines/coffee")
    assert "lines/coffee/allowed.txt row 1" in page.seen
    assert page.send(**{"text:persona.md": "You are Ada."}).status_code == 303


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_persona_with_html_in_it_is_shown_as_text(page: Page, lines: Path, operator: Visitor, payload: str) -> None:
    (lines / "coffee/facts/menu.md").write_text(payload)
    persona = f"You are Ada. {payload}"
    assert page.send(**{"text:persona.md": persona}).status_code == 303
    again = Page(operator, "/lines/coffee")
    assert (again.fields["text:persona.md"], again.fields["text:facts/menu.md"]) == (persona, payload)
    [newest, *_] = reversed(kept(lines.parent / "data"))
    [*_, oldest] = reversed(kept(lines.parent / "data"))
    compared = operator.get(f"/lines/coffee/compare?old={oldest}&new={newest}").text
    assert html.escape(payload, quote=False) in compared.replace("&#34;", '"').replace("&#39;", "'")
    for text in (again.text, compared, operator.get("/lines/coffee/versions").text):
        assert not re.search(r"<script(?! type=\"module\" src=\"/static/)|<svg|<img src=x|60481729", text)


def test_a_file_that_is_no_text_is_not_editable(lines: Path, operator: Visitor) -> None:
    (lines / "coffee/persona.md").write_bytes(b"caf\xe9")
    (lines / "coffee/contacts.csv").write_bytes(b"x" * 10_000_000)
    (lines / "coffee/goodbye.md").write_bytes(b"\0" * 100)
    page = Page(operator, "/lines/coffee")
    assert page.status == 200
    for name in ("persona.md", "contacts.csv", "goodbye.md"):
        assert f"text:{name}" not in page.fields
    assert page.seen.count("It cannot be edited here.") == 3
    assert page.send(**{"text:persona.md": "Mine."}).status_code == 422
    assert (lines / "coffee/persona.md").read_bytes() == b"caf\xe9"


def test_a_long_file_is_edited_by_itself(lines: Path, operator: Visitor) -> None:
    rows = "".join(f"+1202555{at:04},Name,\n" for at in range(9000))
    (lines / "coffee/contacts.csv").write_text(f"number,name,notes\n{rows}")
    assert "text:contacts.csv" not in Page(operator, "/lines/coffee").fields
    page = Page(operator, "/lines/coffee?file=contacts.csv")
    assert list(page.fields) == ["text:contacts.csv", "base", "draft"]
    answer = page.send(**{"text:contacts.csv": f"number,name,notes\n{rows}+12025559999,Ada,\n"})
    # Not to the page of all files, which may have text that is not saved.
    assert answer.headers["location"] == "/lines/coffee?file=contacts.csv&done=saved"
    assert page.send().headers["location"] == "/lines/coffee?file=contacts.csv&done=nothing"
    assert read(lines, "contacts.csv").endswith("Ada,\n")


def test_rows_keep_their_windows_ends(lines: Path, operator: Visitor) -> None:
    (lines / "coffee/contacts.csv").write_bytes(b"\xef\xbb\xbfnumber,name,notes\r\n+12025550199,Ada,\r\n")
    page = Page(operator, "/lines/coffee")
    text = page.fields["text:contacts.csv"]
    assert text == "number,name,notes\n+12025550199,Ada,\n"
    assert page.send(**{"text:contacts.csv": text.replace("Ada", "Eva")}).status_code == 303
    assert (lines / "coffee/contacts.csv").read_bytes() == b"\xef\xbb\xbfnumber,name,notes\r\n+12025550199,Eva,\r\n"


def test_a_file_is_as_long_as_it_is_on_the_disk(lines: Path, operator: Visitor) -> None:
    (lines / "coffee/persona.md").write_bytes("You are Ada.\r\n".encode("utf-16"))
    page = Page(operator, "/lines/coffee")
    assert page.send(**{"text:persona.md": "x" * 9000}).status_code == 422
    assert "persona.md would have 18002 bytes, but at most 16384 are read" in page.seen
    assert page.send(**{"text:persona.md": "x" * 8000}).status_code == 303
    assert len((lines / "coffee/persona.md").read_bytes()) == 16_002


def test_a_version_that_is_damaged_is_not_brought_back(page: Page, lines: Path, data: Path, operator: Visitor) -> None:
    page.send(**{"text:persona.md": "You are Ada.\n"})
    first, _ = kept(data)
    [state] = re.findall(r'name="state" value="(\w+)"', operator.get(f"/lines/coffee/versions/{first}").text)
    (data / "desk/versions/coffee" / first / "persona.md").write_bytes(b"")
    form = {"state": state, "csrf_token": operator.token}
    for answer in (
        operator.get(f"/lines/coffee/versions/{first}"),
        operator.get(f"/lines/coffee/compare?old={first}"),
        operator.post(f"/lines/coffee/versions/{first}", data=form),
    ):
        assert answer.status_code == 404
        assert "deleted meanwhile, or is damaged" in answer.text
    assert operator.get("/lines/coffee/versions").status_code == 200
    assert read(lines, "persona.md") == "You are Ada.\n"


def test_a_version_can_be_compared_and_brought_back(page: Page, lines: Path, data: Path, operator: Visitor) -> None:
    old = read(lines, "persona.md")
    page.send(**{"text:persona.md": "You are Ada.\n", "new_name": "tea", "new_text": "- Tea: 2.00\n"})
    first, second = kept(data)
    listed = operator.get("/lines/coffee/versions").text
    assert "<code>facts/tea.md</code>, <code>persona.md</code>" in listed
    compared = operator.get(f"/lines/coffee/versions/{first}").text
    assert "You are Ada." in compared
    assert "This file is removed." in compared
    [state] = re.findall(r'name="state" value="(\w+)"', compared)
    assert operator.submit(f"/lines/coffee/versions/{first}", state=state) == "/lines/coffee?done=back"
    assert (read(lines, "persona.md"), (lines / "coffee/facts/tea.md").exists()) == (old, False)
    assert len(kept(data)) == 3
    assert "The files are as they were" in operator.get(f"/lines/coffee/versions/{first}").text
    assert "You are Ada." in operator.get(f"/lines/coffee/compare?old={second}&new=now").text


def test_a_version_is_not_brought_back_over_an_edit_that_nobody_has_seen(
    page: Page, lines: Path, data: Path, operator: Visitor
) -> None:
    page.send(**{"text:persona.md": "You are Ada.\n"})
    first, _ = kept(data)
    [state] = re.findall(r'name="state" value="(\w+)"', operator.get(f"/lines/coffee/versions/{first}").text)
    (lines / "coffee/persona.md").write_text("By hand.\n")
    form = {"state": state, "csrf_token": operator.token}
    answer = operator.post(f"/lines/coffee/versions/{first}", data=form)
    assert answer.status_code == 409
    assert "By hand." in answer.text
    assert read(lines, "persona.md") == "By hand.\n"


def test_a_version_that_is_faulty_today_is_not_brought_back(lines: Path, data: Path, operator: Visitor) -> None:
    (lines / "coffee/line.toml").write_text('language = "xx"\n')
    page = Page(operator, "/lines/coffee")
    assert page.send(**{"text:line.toml": 'language = "de"\n'}).status_code == 303
    first, _ = kept(data)
    [state] = re.findall(r'name="state" value="(\w+)"', operator.get(f"/lines/coffee/versions/{first}").text)
    form = {"state": state, "csrf_token": operator.token}
    answer = operator.post(f"/lines/coffee/versions/{first}", data=form)
    assert answer.status_code == 422
    assert "lines/coffee/line.toml row 1 has language" in html.unescape(answer.text)
    assert read(lines, "line.toml") == 'language = "de"\n'


def test_a_list_that_a_version_did_not_have_becomes_empty(lines: Path, data: Path, operator: Visitor) -> None:
    (lines / "coffee/allowed.txt").unlink()
    page = Page(operator, "/lines/coffee")
    page.send(**{"text:allowed.txt": "+12025550177\n"})
    first, _ = kept(data)
    [state] = re.findall(r'name="state" value="(\w+)"', operator.get(f"/lines/coffee/versions/{first}").text)
    operator.submit(f"/lines/coffee/versions/{first}", state=state)
    assert read(lines, "allowed.txt") == ""


def test_an_edit_can_be_called_before_it_is_saved(page: Page, lines: Path, data: Path, operator: Visitor) -> None:
    old = read(lines, "persona.md")
    form = {"text:persona.md": "You are Ada.\n", "remove": "facts/menu.md", "new_name": "tea", "new_text": "- Tea\n"}
    answer = page.send("try", **form)
    found = re.fullmatch(r"/talk\?line=coffee&draft=([0-9a-f]{32})", answer.headers["location"])
    assert found
    folder = data / "desk/drafts" / found[1] / "coffee"
    assert (folder / "persona.md").read_text() == "You are Ada.\n"
    assert (folder / "facts/tea.md").read_text() == "- Tea\n"
    assert not (folder / "facts/menu.md").exists()
    assert (read(lines, "persona.md"), len(kept(data))) == (old, 1)

    tried = Page(operator, f"/lines/coffee?draft={found[1]}")
    assert "It is not saved yet" in tried.seen
    assert tried.fields["text:persona.md"] == "You are Ada.\n"
    assert 'value="facts/menu.md" checked' in tried.text
    assert tried.send(remove="facts/menu.md").headers["location"] == "/lines/coffee?done=saved"
    assert (read(lines, "persona.md"), read(lines, "facts/tea.md")) == ("You are Ada.\n", "- Tea\n")
    assert not (lines / "coffee/facts/menu.md").exists()
    assert not folder.exists()


def test_a_draft_is_no_way_past_another_operators_edit(page: Page, lines: Path, operator: Visitor) -> None:
    answer = page.send("try", **{"text:persona.md": "You are Ada.\n"})
    (lines / "coffee/persona.md").write_text("By hand.\n")
    tried = Page(operator, f"/lines/coffee?draft={answer.headers['location'][-32:]}")
    assert tried.send().status_code == 409
    assert read(lines, "persona.md") == "By hand.\n"


def test_a_draft_removes_only_what_its_maker_has_removed(page: Page, lines: Path, operator: Visitor) -> None:
    (lines / "coffee/facts/shop.md").write_text("")
    answer = page.send("try", **{"text:facts/menu.md": "", "text:persona.md": "You are Ada.\n"})
    (lines / "coffee/facts/new.md").write_text("- By hand\n")
    tried = Page(operator, answer.headers["location"].replace("/talk?line=coffee&", "/lines/coffee?"))
    assert " checked" not in tried.text
    assert tried.fields["text:facts/new.md"] == "- By hand\n"
    assert tried.send().status_code == 303
    assert [read(lines, f"facts/{name}.md") for name in ("menu", "shop", "new")] == ["", "", "- By hand\n"]


def test_what_is_written_while_a_draft_is_made_is_a_conflict(
    page: Page, lines: Path, operator: Visitor, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = agent.post

    async def write_meanwhile(*given: Any, **named: Any) -> Any:
        (lines / "coffee/persona.md").write_text("By hand.\n")
        return await post(*given, **named)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(agent, "post", write_meanwhile)
        answer = page.send("try", **{"text:persona.md": "You are Ada.\n"})
    tried = Page(operator, answer.headers["location"].replace("/talk?line=coffee&", "/lines/coffee?"))
    assert tried.send().status_code == 409
    assert read(lines, "persona.md") == "By hand.\n"


def test_a_faulty_edit_is_not_called(page: Page, data: Path) -> None:
    assert page.send("try", **{"text:persona.md": ""}).status_code == 422
    assert "lines/coffee/persona.md is empty" in page.seen
    assert not (data / "desk/drafts").exists()


def test_a_draft_that_is_gone_is_said(operator: Visitor) -> None:
    for draft in ("0" * 32, "../versions", "<b>"):
        page = Page(operator, f"/lines/coffee?draft={draft}")
        assert "This draft does not exist any more" in page.seen


def test_a_folder_that_cannot_be_written_says_whose_it_is(
    operator: Visitor, lines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)
    monkeypatch.setattr("os.geteuid", lambda: lines.stat().st_uid + 1)
    page = Page(operator, "/lines/coffee")
    assert "sudo chown -R" in page.seen
    before = read(lines, "persona.md")
    assert page.send(**{"text:persona.md": "Mine."}).status_code == 422
    assert (page.fields["text:persona.md"], read(lines, "persona.md")) == ("Mine.", before)


def test_versions_that_cannot_be_kept_are_said(operator: Visitor, lines: Path, data: Path) -> None:
    (data / "desk/versions").write_text("in the way")
    page = Page(operator, "/lines/coffee")
    assert "cannot keep versions" in page.seen
    before = read(lines, "persona.md")
    assert page.send(**{"text:persona.md": "Mine."}).status_code == 507
    assert (page.fields["text:persona.md"], read(lines, "persona.md")) == ("Mine.", before)


def test_a_form_that_comes_after_the_session_leads_back_to_its_page(visitor: Visitor, lines: Path) -> None:
    before = read(lines, "persona.md")
    form = {"base": "{}", "text:persona.md": "Mine.", "csrf_token": "x"}
    headers = {"Accept": "text/html", "Referer": "https://localhost/lines/coffee?file=persona.md"}
    answer = visitor.post("/lines/coffee", data=form, headers=headers)
    assert (answer.status_code, read(lines, "persona.md")) == (303, before)
    assert answer.headers["location"] == "/sign-in?after=%2Flines%2Fcoffee%3Ffile%3Dpersona.md"
    for elsewhere in ("https://example.com/lines", "", "nonsense"):
        answer = visitor.post("/lines/coffee", data=form, headers=headers | {"Referer": elsewhere})
        assert answer.headers["location"] == "/sign-in?after="

"""What a job says of a call from a browser: the desk wrote it into the token with which the browser came."""

import json
import re
from dataclasses import dataclass

DRAFT = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class BrowserJob:
    """A call from a browser; with a `draft`, it is held by files that are not the line's yet."""

    draft: str = ""


def browser_job(metadata: str) -> BrowserJob | None:
    """Read a job's metadata, `{"line": "coffee", "browser": true, "draft": "<32 hex digits>"}`; None: no browser.

    Raises:
        ValueError: the draft's name is none, or a call that is not from a browser has one.
    """
    try:
        given = json.loads(metadata)
    except (ValueError, RecursionError):
        return None
    if not isinstance(given, dict):
        return None
    draft, by_browser = given.get("draft", ""), given.get("browser") is True
    if draft and not (isinstance(draft, str) and DRAFT.fullmatch(draft)):
        raise ValueError("it names a draft of its line by something else than 32 hexadecimal digits")
    if draft and not by_browser:
        raise ValueError("it names a draft of its line, which only a call from a browser can try")
    return BrowserJob(draft or "") if by_browser else None

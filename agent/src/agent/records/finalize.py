"""Making the folder of a call that is over: numbers that must not be kept are removed, then it appears in its place."""

import shutil
from pathlib import Path

from agent.lines.line import Line
from agent.records.folders import Folders
from agent.records.redaction.mute import mute
from agent.records.redaction.text import Utterance, redact
from agent.records.report import tell_of_call
from agent.records.transcript import Draft, Transcript
from agent.storage.private_files import create, make_folder, write

HEARD, DRAFT = "heard.ogg", "draft.json"  # in the work folder
AUDIO, TRANSCRIPT = "audio.ogg", "transcript.json"

MARGIN = 0.5  # seconds that are silenced around a piece of speech, whose beginning and end are not known exactly
ONLY_A_SOUND = 1.0  # seconds; speech without known words that is no longer than this is a backchannel or a cough


class NotWholeError(Exception):
    """A record that has to be redacted lacks some of what was said; `transcript` has none of the call's words."""

    def __init__(self, transcript: Transcript) -> None:
        super().__init__("it is not known what has to be redacted")
        self.transcript = transcript


def finish(record: str, folders: Folders, line: Line) -> Transcript:
    """Make the folder of a record from its work folder; called again after a crash, go on from there.

    What tells of the call is left in the outbox, as the line's settings ask for.

    Raises:
        NotWholeError: it is not known what has to be redacted.
        ValueError: the work folder's content is missing or cannot be read.
    """
    work, place = folders.work_of(record), folders.place_of(record)
    if (work / DRAFT).exists():
        draft = read_draft(work)
        if draft.redact and not draft.whole:
            raise NotWholeError(draft.transcript)
        transcript, spans = redacted(draft) if draft.redact else (draft.transcript, [])
        _finish_audio(work, spans)
        write(work / TRANSCRIPT, transcript.model_dump_json(indent=2))
        (work / DRAFT).unlink()
    elif (work / TRANSCRIPT).exists():
        transcript = Transcript.model_validate_json((work / TRANSCRIPT).read_bytes())
    else:
        raise ValueError("there is neither a draft nor a transcript")
    # What tells of the call is left before the folder appears. If the process is killed in between, it is left once
    # more with the same id; in the other order, it would never be left.
    tell_of_call(record, transcript, line, folders, kept=True)
    make_folder(place.parent)
    work.rename(place)
    return transcript


def write_draft(work: Path, draft: Draft) -> None:
    write(work / DRAFT, draft.model_dump_json())


def read_draft(work: Path) -> Draft:
    return Draft.model_validate_json((work / DRAFT).read_bytes())


def delete(record: str, folders: Folders) -> None:
    """Delete a record's work folder, so that nothing of the call is kept."""
    shutil.rmtree(folders.work_of(record), ignore_errors=True)


def redacted(draft: Draft) -> tuple[Transcript, list[tuple[float, float]]]:
    """Return the transcript without card and identity numbers, and the spans in which one could be heard."""
    kept = draft.transcript.model_copy(deep=True)
    kept.turns.sort(key=lambda turn: turn.start)
    found = redact([Utterance(turn.who, turn.text) for turn in kept.turns], kept.language)
    keyed = redact([Utterance("caller", keys.keys) for keys in kept.keys], kept.language)
    found.numbers |= keyed.numbers
    spans = [(turn.start, turn.end) for at, turn in enumerate(kept.turns) if at in found.touched]
    for turn, text in zip(kept.turns, found.texts, strict=True):
        turn.text = text
    for keys, text in zip(kept.keys, keyed.texts, strict=True):
        without = found.clean_text(text)
        if without != keys.keys:
            spans.append((keys.start, keys.end))
        keys.keys = without
    for tool in kept.tool_calls:
        tool.arguments = found.clean_value(tool.arguments)
        tool.result = found.clean_json(tool.result) if tool.result is not None else None
    for message in kept.messages:
        message.who, message.about = found.clean_text(message.who), found.clean_text(message.about)
    kept.outcome_fields.values = found.clean_value(kept.outcome_fields.values)
    for action in kept.actions:
        action.what = found.clean_text(action.what)
    kept.summary = found.clean_text(kept.summary) if kept.summary else None
    return kept, _audible(spans, draft)


def _audible(spans: list[tuple[float, float]], draft: Draft) -> list[tuple[float, float]]:
    """Return these spans, all the speech that they touch, and speech whose words are not known."""
    turns = [(turn.start, turn.end) for turn in draft.transcript.turns if turn.who == "caller"]
    unknown = [
        piece
        for piece in draft.speech
        if piece[1] - piece[0] > ONLY_A_SOUND and not any(_overlap(piece, turn) for turn in turns)
    ]
    pieces = [piece for piece in draft.speech if any(_overlap(piece, span) for span in spans)]
    return [(max(0.0, start - MARGIN), end + MARGIN) for start, end in sorted({*spans, *pieces, *unknown})]


def _overlap(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _finish_audio(work: Path, spans: list[tuple[float, float]]) -> None:
    heard = work / HEARD
    if not heard.exists():
        return
    if spans:
        aside = work / f".{AUDIO}"
        create(aside)
        mute(heard, aside, spans)
        aside.replace(work / AUDIO)
        heard.unlink()
    else:
        heard.replace(work / AUDIO)

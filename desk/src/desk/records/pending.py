"""News of a call that nobody has been told yet: the files in the outbox that belong to it, and to no other call.

The name of a record is in each file's name: `call-ended-<record>.json` and `message-taken-<record>-<n>.json` are events
for the webhook, and a notice has the name of its address as well, `call-ended-<record>-<address>.json`. A file of the
same name with a dot before it and characters behind it was being written when its process was killed.
"""

import re
from pathlib import Path

from desk.records.folders import Folders, entries, is_plain_folder
from desk.records.name import CallName

ADDRESS = r"[A-Z][A-Z0-9_]*"  # a name in lines/secrets.env
WHERE = (".", "notices", "failed")


def pending_of(folders: Folders, name: CallName) -> list[Path]:
    """Return the files with news of this call; a record's name has one length, so that none begins with another's."""
    outbox = folders.outbox / name.line
    record = re.escape(name.record)
    its = re.compile(rf"\.?(call-ended-{record}|message-taken-{record}-[0-9]+)(-{ADDRESS})?\.json(\.[0-9a-f]{{6}})?")
    return [
        Path(entry.path)
        for where in WHERE
        if is_plain_folder(outbox / where, below=folders.data)
        for entry in sorted(entries(outbox / where), key=lambda each: each.name)
        if its.fullmatch(entry.name) and not entry.is_dir(follow_symlinks=False)
    ]

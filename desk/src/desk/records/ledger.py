"""What the agent's ledger has of a caller: rows under a keyed hash of the number, by which limits are counted.

Today's rows have to stay, or whoever asks for deletion could call as often as they like. The agent deletes them with
the first call of another day, or two days later at the latest. Rows of the days before are deleted here.
"""

import contextlib
import hmac
import logging
import sqlite3
import time
from datetime import datetime
from pathlib import Path

from desk.clock import zone_of

logger = logging.getLogger(__name__)

KEY_BYTES = 32
LEASE = 15.0  # seconds; a call whose row has not been renewed for this long is over
WAITS = 1.0  # seconds; calls wait for the ledger, so it is never locked for long


def forget_in_ledger(data: Path, lines: Path, caller: str) -> bool:
    """Delete the rows of a caller's calls that are over and no longer counted; return whether that was possible."""
    ledger, key_file = data / "ledger.db", data / "ledger.key"
    try:
        key = key_file.read_bytes()
    except FileNotFoundError:
        return True  # nobody has called yet
    except OSError as error:
        logger.warning("The ledger's key cannot be read: %s", error.strerror)
        return False
    if len(key) != KEY_BYTES or not ledger.is_file():
        return True
    hashed = hmac.digest(key, caller.encode(), "sha256").hex()
    try:
        with contextlib.closing(sqlite3.connect(f"{ledger.as_uri()}?mode=rw", uri=True, timeout=WAITS)) as database:
            database.execute("PRAGMA secure_delete = ON")
            with database:
                found = database.execute("SELECT DISTINCT line FROM calls WHERE caller = ?", (hashed,)).fetchall()
                for (line,) in found:
                    today = datetime.now(zone_of(line, lines)).date().isoformat()
                    database.execute(
                        "DELETE FROM calls WHERE caller = ? AND line = ? AND day < ? AND (ended OR seen <= ?)",
                        (hashed, line, today, time.time() - LEASE),
                    )
    except sqlite3.Error as error:
        logger.warning("The ledger cannot be used: %s", error)
        return False
    return True

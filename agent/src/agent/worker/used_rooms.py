"""One call for each token of a caller by browser.

The token makes its room whenever it is used, with the agent in it, and the media server renews it during the call. So
it would be good for any number of calls, one after the other, while the desk counts one. Who has it comes into a room
of the same name: the server gives that another id.
"""

from livekit import api

from agent.lines.browser_job import browser_job

MOST = 10_000  # rooms that are remembered: hours of as many calls as the desk lets strangers begin


class UsedRooms:
    """The rooms of calls by browser that this agent has taken, by name."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}  # in the order in which they were taken

    def is_used(self, job: api.Job) -> bool:
        """Return whether there was a call by browser in a room of this name, which is over."""
        return self._ids.get(job.room.name, job.room.sid) != job.room.sid

    def note(self, job: api.Job) -> None:
        """Remember the room of a job that is taken, if it is one of a call by browser."""
        try:
            by_browser = browser_job(job.metadata) is not None
        except ValueError:  # of which the job itself complains
            by_browser = True
        if not by_browser:
            return
        self._ids[job.room.name] = job.room.sid
        if len(self._ids) > MOST:
            del self._ids[next(iter(self._ids))]

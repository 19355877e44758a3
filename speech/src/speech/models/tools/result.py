"""How a tool's result is told to the caller: by a prompt of its own.

Beside a persona and facts, a small model does not take a result for something that it has been told.
"""

from itertools import takewhile

from speech.models.tools.choice import as_script
from speech.requests import ChatRequest

TASK = (
    "You are an assistant on the phone. Tell the caller what the system reports, and nothing else, in one or two short "
    "sentences, the way people talk."
)
# What a caller said, what a tool returned, and how that is told.
EXAMPLES = (
    (
        "When does my parcel come?",
        '{"state": "on its way", "day": "Monday", "before": "15:00"}',
        "Your parcel is on its way. It will come on Monday before 3 PM.",
    ),
    (
        "Please reserve a room for Emma Scott on Friday.",
        "Done: one room on Friday, 4 June, for Emma Scott.",
        "I have reserved a room for you on Friday, the fourth of June.",
    ),
    (
        "Please cancel my room.",
        "The caller said no, so nothing was done. Their words were: no, wait",
        "All right, I have not done anything. What would you like me to do?",
    ),
    (
        "I want a room on Monday.",
        "The caller neither said yes nor no, so nothing was done. Their words were: make it Sunday",
        "I have not done anything yet. Shall I do it for Sunday instead?",
    ),
    (
        "Is the museum open today?",
        "Today: closed. Tomorrow: 10:00 to 18:00",
        "It is closed today. It opens tomorrow at ten.",
    ),
    (
        "Can I come at two?",
        "Two is taken. Free are 3:00 and 4:30.",
        "I am sorry, two is taken. You can come at three or at half past four.",
    ),
    (
        "Is Sam there?",
        "Error: it did not answer in time.",
        "I am sorry, that does not work at the moment. Can I do anything else for you?",
    ),
    ("Tell him that I called.", "The note has been taken.", "I have taken a note of that. Is there anything else?"),
    ("No, that is all.", "say goodbye to the user", "Thank you for calling. Goodbye!"),
)


def messages(wanted: ChatRequest) -> list[dict[str, str]]:
    """Return the messages that have the model tell what the last tools have returned; none if they are not the last."""
    latest_first = wanted.messages[::-1]
    results = [it.content for it in takewhile(lambda it: it.role == "tool", latest_first)][::-1]
    if not any(results):
        return []
    asked = [it for it in latest_first if it.role == "user" and it.content][:1]
    shown = [
        message
        for said, returned, told in EXAMPLES
        for message in (_as_user(f"Caller: {said}", returned), {"role": "assistant", "content": told})
    ]
    return [{"role": "system", "content": TASK}, *shown, _as_user(as_script(asked), "\n".join(results))]


def _as_user(script: str, result: str) -> dict[str, str]:
    return {"role": "user", "content": f"{script}\nSystem: {result}".strip()}

"""`python -m bootstrap setup`: asks, or takes what is given in advance, and writes `.env`."""

import sys
from collections.abc import Mapping
from pathlib import Path

from bootstrap import codes
from bootstrap.internet import Internet
from bootstrap.settings import report
from bootstrap.setup.answers import Answers, GivenError, read_given
from bootstrap.setup.env_file import ESCAPED, EnvFile
from bootstrap.setup.interview import Interview
from bootstrap.setup.prompt import Prompt, Terminal, Unattended
from bootstrap.setup.provider import Providers
from bootstrap.setup.questions import ask_everything
from bootstrap.twilio import TwilioError, TwilioUnreachableError

WELCOME = (
    "Enter keeps what is shown, and an answer is kept in .env as soon as it is given. Ctrl-C leaves; make setup "
    "goes on from there."
)


async def set_up(environment: Mapping[str, str]) -> int:
    """Ask everything and write it down; return the exit code.

    `environment` is what bootstrap/host/setup.sh gives: ENV_FILE and EXAMPLE are paths; GIVEN is the path of what was
    given in advance; UNATTENDED is yes or no; MEMORY and NEEDED are what the engine has and what the embedded models
    need, in MB; ADDRESS_SERVICES has URLs.
    """
    try:
        return await ask_and_write(environment)
    except GivenError as error:
        sys.stderr.write(report([str(error)]) + "\n")
        return codes.WRONG_SETTINGS
    except TwilioUnreachableError as error:
        sys.stderr.write(f"{error} Run make setup again later.\n")
        return codes.FAILED
    except TwilioError as error:
        sys.stderr.write(f"{error}\n")
        return codes.FAILED
    except OSError as error:
        sys.stderr.write(f".env cannot be read or written: {error.strerror}. It and its folder have to be yours.\n")
        return codes.FAILED


async def ask_and_write(environment: Mapping[str, str]) -> int:
    unattended = environment["UNATTENDED"] == "yes"
    answers = open_answers(environment, at_once=not unattended)
    prompt: Prompt = Unattended(sys.stdout.write) if unattended else Terminal()
    tell_what_was_given(prompt, answers)
    if not unattended:
        prompt.tell(WELCOME)
    interview = Interview(
        prompt,
        answers,
        Internet(environment.get("ADDRESS_SERVICES", "").split()),
        Providers(),
        memory=int(environment["MEMORY"]),
        needed=int(environment["NEEDED"]),
    )
    await ask_everything(interview)
    for name in answers.not_asked_for() if not prompt.problems else ():
        prompt.refuse(f"{name} was given, but the other answers leave no place for it; leave it out")
    if prompt.problems:
        sys.stderr.write(report(prompt.problems) + "\n")
        return codes.WRONG_SETTINGS
    answers.write()
    prompt.tell(f"Set in .env: {', '.join(answers.names())}.")
    return codes.DONE


def open_answers(environment: Mapping[str, str], *, at_once: bool) -> Answers:
    given = read_given(Path(environment["GIVEN"]).read_text("utf-8", ESCAPED))
    return Answers(EnvFile(Path(environment["ENV_FILE"]), Path(environment["EXAMPLE"])), given, at_once=at_once)


def tell_what_was_given(prompt: Prompt, answers: Answers) -> None:
    """Name what the calling shell exports; values are never shown."""
    if taken := answers.taken_from_the_shell():
        prompt.tell(f"The calling shell exports {', '.join(taken)}, which is taken for an answer where one is needed.")
    if seen := answers.secrets_in_sight():
        prompt.tell(
            f"warning: {', '.join(seen)} stood on make's command line, which other users of this machine can see, and "
            "your shell remembers. Write NAME=value before make instead, or into .env."
        )
    if kept := answers.kept_despite_the_shell():
        prompt.tell(
            f"The calling shell exports another value of {', '.join(kept)} than .env has. The one in .env is kept; "
            "to replace it, answer the question, or change .env."
        )

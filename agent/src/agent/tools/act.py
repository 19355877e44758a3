"""The confirmation before a tool changes something outside: nothing happens without the caller's own yes.

The tool's function is called in one place only, after a yes to a question that the caller has heard. What the language
model says or claims makes no difference. While the question is open, the model is told nothing of what the caller says.
"""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping

from livekit.agents import AgentTask, RunContext, ToolError
from livekit.agents.voice import SpeechHandle

from agent import languages
from agent.background import begin
from agent.conversation.call import Call
from agent.conversation.heard_question import HeardQuestion
from agent.conversation.not_known import NotKnownError
from agent.conversation.tell_meanwhile import tell_meanwhile
from agent.conversation.yes_or_no import Answer, judge_answer
from agent.records.transcript import Action

logger = logging.getLogger(__name__)

QUESTIONS = 3  # times that it is asked if the caller says nothing, or says yes before they know what it is about
LONGEST_QUESTION = 500  # characters; nobody listens to more


async def act(
    call: Call,
    context: RunContext[None],
    *,
    question: str,
    what: str,
    do: Callable[[], Awaitable[str]],
    meanwhile: str = "",
    arguments: Mapping[str, object] | None = None,
) -> str:
    """Read `question` aloud, wait for a yes or a no by word or by key (1 or 2), and call `do` only after a yes.

    Once `do` has begun it is finished, even if the caller hangs up. If it takes long, the caller hears `meanwhile`, or
    the language's filler. `what` says in a few words what is done; the call record has it with its outcome, see
    `Action`. `arguments` are given where it would matter that the same is done twice: if this call has done `what` with
    the same ones already, the caller is told so before the question. The result is for the language model: what `do`
    returned, or that nothing was done, with what the caller said instead.

    Raises:
        ToolError: the question is too long, `do` failed, or the call ended before there was an answer; it is for the
            model as well. `do` raises a `NotKnownError` if it may have been done.
    """
    if len(question) > LONGEST_QUESTION:
        raise ToolError("Nothing was done: the arguments are too long to be read to the caller. Use shorter ones.")
    done = call.record.done
    this = None if arguments is None else json.dumps([what, arguments], sort_keys=True)
    action = Action(what=what, outcome="unclear", at=time.time())
    call.record.actions.append(action)

    def whole_question() -> str:
        """Only when it is asked is it known what another tool of the same reply has done."""
        return f"{languages.sentences(call.line.language).done_already} {question}" if this in done else question

    def forget_a_failure(_: object) -> None:
        if this and action.outcome != "done":
            done.discard(this)

    def begin_work() -> asyncio.Task[str]:
        call.ctx.add_shutdown_callback(call.record.wait_for_actions)
        work = call.record.keep_until_done(begin(_carry_out(action, do)))
        if this and this not in done:
            done.add(this)
            work.add_done_callback(forget_a_failure)
        return work

    confirmation = Confirmation(call, whole_question, begin_work)
    try:
        await confirmation
    except RuntimeError:
        if not context.speech_handle.interrupted:
            raise
        raise ToolError("The caller interrupted, so nothing was asked and nothing was done.") from None
    # For the model, the tool was called after the answer, and so the result is the last thing that it is told.
    context.function_call.created_at = time.time()
    if confirmation.work is None:
        action.outcome = "declined" if confirmation.declined else "unclear"
        return confirmation.reason
    async with tell_meanwhile(call, context, meanwhile):
        return await asyncio.shield(confirmation.work)


async def _carry_out(action: Action, do: Callable[[], Awaitable[str]]) -> str:
    action.outcome = "unknown"  # which it stays if the process dies meanwhile
    try:
        result = await do()
    except NotKnownError:
        raise
    except ToolError:
        action.outcome = "failed"
        raise
    except Exception as error:
        logger.error("A confirmed tool failed: %s", type(error).__name__)  # its text may have a caller's words in it
        raise NotKnownError("It failed for a technical reason, and it is not known whether it was done.") from None
    action.outcome = "done"
    return result


class Confirmation(HeardQuestion, AgentTask[None]):
    """Asks one question. It is over when there is an answer, or when none comes."""

    def __init__(self, call: Call, question: Callable[[], str], on_yes: Callable[[], asyncio.Task[str]]) -> None:
        """`question` returns what is read aloud. `on_yes` begins what was asked about; it is called once at most."""
        super().__init__(call)
        self.work: asyncio.Task[str] | None = None  # what `on_yes` has begun
        self.declined = False  # whether the answer was a no
        self.reason = "The caller did not answer, so nothing was done."  # for the model, if there was no yes
        self._question, self._on_yes = question, on_yes

    async def ask(self) -> None:
        try:
            self._settle(await self._wait_for_a_valid_answer())
        except RuntimeError:  # the session is closing
            logger.debug("The call ended before the caller had answered")
        finally:
            if not self.done():
                self.complete(None)

    async def _wait_for_a_valid_answer(self) -> Answer | None:
        for _ in range(QUESTIONS):
            if self.call.ending.begun or self.call.transfer.rests:
                self.reason = "The caller is leaving this conversation, so they were not asked and nothing was done."
                break
            question = self.read_aloud(self._question())
            if not await self._is_read_in_time(question):
                self.reason = "The question could not be read to the caller, so nothing was done."
                break
            answer = await self.wait_for_answer(question)
            if answer and (self.heard_before(answer) or not self._is_yes(answer)):
                return answer
        return None

    async def _is_read_in_time(self, question: SpeechHandle) -> bool:
        """Return whether the voice has begun, or the caller has interrupted; a slow voice is announced by `filler`."""
        handling = self.call.line.handling
        sound = asyncio.ensure_future(self.sounds.wait())
        over = asyncio.ensure_future(question.wait_for_playout())
        try:
            first = asyncio.FIRST_COMPLETED
            await asyncio.wait({sound, over}, timeout=handling.filler_after, return_when=first)
            if not sound.done() and not over.done():
                self.call.announcer.interject("filler")
                left = max(0.0, handling.apology_after - handling.filler_after)
                await asyncio.wait({sound, over}, timeout=left, return_when=first)
            in_time = sound.done() or question.interrupted
            if not in_time:
                question.interrupt(force=True)
            return in_time
        finally:
            sound.cancel()
            over.cancel()

    def _settle(self, answer: Answer | None) -> None:
        if answer is None:
            return
        if self._is_yes(answer):
            self.work = self._on_yes()
            return
        self.declined = judge_answer(answer.said, self.call.phrases) is False
        said = "said no" if self.declined else "neither said yes nor no"
        self.reason = f"The caller {said}, so nothing was done. Their words were: {answer.said}"

    def _is_yes(self, answer: Answer) -> bool:
        return judge_answer(answer.said, self.call.phrases) is True

"""What the words of a greeting show, and what is asked of a model where they show nothing."""

import json
from typing import Any

import pytest
from livekit.agents import AMDCategory, APIConnectionError, function_tool, llm

from agent import languages
from agent.conversation import machine_or_person as module
from agent.conversation.machine_or_person import GreetingJudge, judge_greeting
from tests.support.fakes.openai_api import FakeOpenAI, Rule, Script
from tests.unit.agent.fakes import ScriptedLLM as Scripted
from tests.unit.agent.fakes import host, pipeline, unreachable

GREETINGS = {
    "en": {
        "You have reached the voicemail of Anna Smith. Please leave a message after the tone.": "machine-vm",
        "Hi, this is Anna, I can't come to the phone. Leave your name at the beep.": "machine-vm",
        "The person you are trying to reach has a mailbox is full. Goodbye.": "machine-unavailable",
        "The voicemail box has not been set up yet.": "machine-unavailable",
        "Hello?": None,
        "Anna speaking.": None,
        "Good morning, Smith and Sons, how can I help you?": None,
    },
    "de": {
        "Hier ist die Mailbox von Anna Schmidt. Bitte sprechen Sie nach dem Signalton.": "machine-vm",
        "Der angerufene Teilnehmer ist zurzeit nicht erreichbar.": "machine-vm",
        "Die Mailbox ist voll, Sie können keine Nachricht hinterlassen.": "machine-unavailable",
        "Schmidt?": None,
        "Ja, hallo?": None,
    },
    "es": {
        "Ha llamado al buzón de voz. Deje su mensaje después de la señal.": "machine-vm",
        "El buzón está lleno y no puede recibir mensajes.": "machine-unavailable",
        "¿Diga?": None,
    },
    "fr": {
        "Bonjour, vous êtes bien sur le répondeur d'Anna. Laissez-nous un message après le bip sonore.": "machine-vm",
        "La messagerie est pleine.": "machine-unavailable",
        "Allô, oui ?": None,
    },
}


@pytest.mark.parametrize(
    ("language", "said", "category"),
    [(language, said, category) for language, its in GREETINGS.items() for said, category in its.items()],
)
def test_phrases_tell_a_machine(language: str, said: str, category: str | None) -> None:
    found = judge_greeting(said, languages.phrases(language))
    assert (found.value if found else None) == category


@function_tool
async def save_prediction(label: AMDCategory) -> None:
    """Save the prediction."""


async def verdict(said: str, model: llm.LLM[Any] | None) -> str:
    judge = GreetingJudge(languages.phrases("en"), model)
    context = llm.ChatContext.empty()
    context.add_message(role="system", content="Classify the greeting.")
    context.add_message(role="user", content=said)
    answer = await judge.chat(chat_ctx=context, tools=[save_prediction], tool_choice="required").collect()
    [call] = answer.tool_calls
    assert call.name == "save_prediction"
    return str(json.loads(call.arguments)["label"])


LONG = "Thank you for calling us today. " * 5


async def test_without_a_model_that_calls_tools_only_a_long_greeting_is_a_machines() -> None:
    assert await verdict("Hello?", None) == "human"
    assert await verdict("Please leave a message after the tone.", None) == "machine-vm"
    assert await verdict(LONG, None) == "machine-vm"


async def test_the_lines_model_is_asked_where_phrases_show_nothing() -> None:
    ivr = Rule("llm", match="press one", tool="save_prediction", arguments='{"label": "machine-ivr"}')
    async with FakeOpenAI(Script(rules=(ivr,))) as endpoint:
        model = pipeline(settings=host(openai_base_url=endpoint.url)).new_llm()
        assert await verdict("For sales, press one.", model) == "machine-ivr"
        assert await verdict("Please leave a message after the tone.", model) == "machine-vm"
        assert len(endpoint.asked("llm")) == 1
        assert await verdict("Hello?", model) == "human"  # to which it answers with words
        await model.aclose()


async def test_a_model_that_fails_or_takes_too_long_is_not_waited_for(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await verdict("Hello?", Scripted(unreachable)) == "human"
    assert caplog.messages[-1] == f"The model did not say who has answered the call: {APIConnectionError.__name__}"
    monkeypatch.setattr(module, "MODEL_WITHIN", 0.2)
    async with FakeOpenAI(Script(faults={"llm": "hang"})) as endpoint:
        model = pipeline(settings=host(openai_base_url=endpoint.url)).new_llm()
        assert await verdict(LONG, model) == "machine-vm"
        await model.aclose()
    assert caplog.messages[-1].endswith("TimeoutError")

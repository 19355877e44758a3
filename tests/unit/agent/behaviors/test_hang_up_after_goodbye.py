"""A caller who takes leave is said goodbye to."""

from collections.abc import AsyncIterator

import pytest
from livekit.agents import Agent, AgentSession

from agent import languages
from agent.behaviors.hang_up_after_goodbye import hang_up_after_goodbye, is_goodbye
from tests.unit.agent.fakes import ScriptedLLM, in_call, settle, spoken, until


class Ending:
    """Notes what it is told."""

    farewell = "farewell"

    def __init__(self, session: AgentSession[None]) -> None:
        self.told: list[tuple[str, str]] = []
        self._session = session

    @property
    def begun(self) -> bool:
        return bool(self.told)

    def say(self, sentence: str, reason: str) -> None:
        self._session.interrupt(force=True)
        self.told.append((sentence, reason))


class Talk:
    def __init__(self) -> None:
        self.model = ScriptedLLM(lambda words: "Goodbye, bye." if words == "And the soup?" else f"You said {words}")
        self.session: AgentSession[None] = AgentSession(
            llm=self.model, vad=None, turn_handling={"turn_detection": None}
        )
        self.ending = Ending(self.session)
        hang_up_after_goodbye(in_call(session=self.session, ending=self.ending))

    async def hears(self, *turns: str) -> None:
        for turn in turns:
            speech = self.session.generate_reply(user_input=turn)
            await until(speech.done)
            await settle()


@pytest.fixture
async def talk() -> AsyncIterator[Talk]:
    talk = Talk()
    await talk.session.start(Agent(instructions="Be brief."), record=False)
    yield talk
    await talk.session.aclose()


async def test_a_goodbye_is_answered_with_the_farewell_and_not_by_the_model(talk: Talk) -> None:
    await talk.hears("Which soup?", "Thanks, bye.")
    assert talk.ending.told == [("farewell", "the caller said goodbye")]
    assert spoken(talk.session) == ["You said Which soup?"]


async def test_a_talk_goes_on_after_everything_else(talk: Talk) -> None:
    await talk.hears("Which soup?", "Thank you.", "Goodbye to my old contract, I want a new one.")
    assert talk.ending.told == []
    assert len(spoken(talk.session)) == 3


async def test_the_agents_own_goodbye_is_none_of_the_callers(talk: Talk) -> None:
    await talk.hears("Which soup?", "And the soup?")
    assert spoken(talk.session)[-1] == "Goodbye, bye."
    assert talk.ending.told == []


async def test_the_first_thing_a_caller_says_is_no_goodbye(talk: Talk) -> None:
    await talk.hears("Bye.")
    assert talk.ending.told == []
    assert spoken(talk.session) == ["You said Bye."]


@pytest.mark.parametrize(
    ("language", "said", "is_one"),
    [
        ("en", "Thanks, bye.", True),
        ("en", "Bye-bye!", True),
        ("en", "BYE", True),
        ("en", "Okay, thank you very much for your help. Have a nice day!", True),
        ("en", "No, that's all. Thank you, goodbye.", True),
        ("en", "Goodbye, goodbye.", True),
        ("en", "Thank you.", False),
        ("en", "That's all, thanks.", False),  # of an order, perhaps
        ("en", "Goodbye to my old contract, I want a new one.", False),
        ("en", "Bye. Oh, one more thing.", False),
        ("en", "Bye for now to my old plan, I want the new one.", False),
        ("de", "Tschüss zu meinem alten Vertrag, ich möchte den neuen.", False),
        ("fr", "Au revoir à mon ancien contrat, je voudrais le nouveau.", False),
        ("es", "Adiós por ahora a mi contrato, quiero el nuevo.", False),
        ("en", "See you at six?", False),
        ("en", "I said goodbye to him.", False),
        ("en", "", False),
        ("en", "(keys pressed) 1 2 3 4", False),
        ("de", "Vielen Dank, auf Wiederhören!", True),
        ("de", "Okay, danke, tschüss.", True),
        ("de", "Danke, das war alles.", False),
        ("de", "Bis dann ist es geschlossen?", False),
        ("es", "¡Muchas gracias, hasta luego!", True),
        ("es", "No, gracias.", False),
        ("es", "Adiós a mi contrato.", False),
        ("fr", "Merci beaucoup, bonne journée, au revoir !", True),
        ("fr", "Non merci, c'est tout.", False),
        ("fr", "À demain matin ?", False),
    ],
)
def test_a_goodbye_and_nothing_else_is_one(language: str, said: str, is_one: bool) -> None:
    assert is_goodbye(said, languages.phrases(language)) is is_one


@pytest.mark.parametrize("language", languages.known())
def test_what_a_caller_agrees_or_disagrees_with_is_no_goodbye(language: str) -> None:
    heard = languages.phrases(language)
    assert heard.goodbyes
    assert not [said for said in heard.yes | heard.no | heard.courtesies if is_goodbye(said, heard)]

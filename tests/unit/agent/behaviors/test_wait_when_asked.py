"""A caller who asks for a moment gets it."""

import asyncio

import pytest

from agent import languages
from agent.behaviors.fill_the_silence import fill_the_silence
from agent.behaviors.hang_up_after_goodbye import is_goodbye
from agent.behaviors.wait_when_asked import wait_when_asked
from agent.conversation.request_to_wait import is_request_to_wait
from tests.unit.agent.fakes import settle, spoken, until
from tests.unit.agent.never_silent import QUESTION, Call, calling

REQUESTS = {
    "en": [
        "Hold on a second, let me get my card.",
        "Hold on.",
        "Hold on just a sec, okay?",
        "One moment.",
        "One moment, please!",
        "Um, just a minute, please.",
        "Bear with me.",
        "Bear with me for a moment, I'm looking for my glasses.",
        "Could you hold on a minute?",
        "Can you give me a second? I need to find my order number.",
        "Give me a sec.",
        "Wait a minute, somebody is at the door.",
        "Okay, hang on, I'll get a pen.",
        "Sure, let me check.",
        "Let me check my calendar.",
        "Let me see.",
        "Let me get my wallet, one second.",
        "I'll be right back.",
        "Sorry, one second, I have another call.",
        "Please hold.",
    ],
    "de": [
        "Einen Moment bitte.",
        "Moment mal.",
        "Ja, einen kleinen Moment, ich hole meine Karte.",
        "Augenblick, ich muss kurz nachsehen.",
        "Bleiben Sie bitte kurz dran.",
        "Warten Sie, ich suche meine Brille.",
        "Können Sie kurz warten?",
        "Ich bin gleich wieder da.",
        "Sekunde, es klingelt an der Tür.",
    ],
    "es": [
        "Un momento.",
        "Un momentito, por favor.",
        "Espere un segundo, voy a buscar la tarjeta.",
        "Sí, deme un minuto.",
        "No cuelgue, por favor.",
        "Ahora vuelvo.",
        "Espera, que busco el número.",
        "Déjeme ver.",
    ],
    "fr": [
        "Une seconde.",
        "Un instant, s'il vous plaît.",
        "Attendez, je vais chercher ma carte.",
        "Ne quittez pas.",
        "Oui, donnez-moi deux minutes.",
        "Une petite seconde, je cherche mes lunettes.",
        "Je reviens tout de suite.",
        "Vous pouvez patienter un instant ?",
    ],
}
OTHERS = {
    "en": [
        "Hold on to my order.",
        "One moment ago you said nine.",
        "I called a minute ago.",
        "Wait, I wanted two.",
        "Hold on, when do you open?",
        "Hold on, let me ask you something: when do you open?",
        "How long does it take? Two minutes?",
        "Two minutes.",
        "Let me know when you open.",
        "Let me get this straight, do you open at nine?",
        "I need to get an appointment.",
        "Hold on, I need to get an appointment.",
        "Sorry.",
        "Okay.",
        "Thank you.",
        "Can I put you on hold?",
        "The last moment would be five.",
        "",
    ],
    "de": [
        "Im Moment nicht.",
        "Der letzte Moment.",
        "Moment, wann öffnen Sie?",
        "Ich suche ein Geschenk.",
        "Ich muss kurz absagen, weil ich krank bin.",
        "Ja, bitte.",
        "Wie lange muss ich warten?",
    ],
    "es": ["En este momento no.", "Hace un momento llamé.", "Espere, ¿a qué hora abren?", "Por favor.", "Sí."],
    "fr": [
        "Il y a une minute j'ai appelé.",
        "Je cherche une table pour deux.",
        "Attendez, à quelle heure ouvrez-vous ?",
        "Une seconde fois.",
        "Oui, merci.",
    ],
}


@pytest.mark.parametrize(("language", "said"), [(it, said) for it, all_of_it in REQUESTS.items() for said in all_of_it])
def test_who_asks_for_a_moment_is_understood(language: str, said: str) -> None:
    assert is_request_to_wait(said, languages.phrases(language))


@pytest.mark.parametrize(("language", "said"), [(it, said) for it, all_of_it in OTHERS.items() for said in all_of_it])
def test_who_says_something_else_is_not_waited_for(language: str, said: str) -> None:
    assert not is_request_to_wait(said, languages.phrases(language))


@pytest.mark.parametrize("language", languages.known())
def test_every_language_has_requests_and_none_is_a_goodbye_or_an_answer(language: str) -> None:
    phrases = languages.phrases(language)
    assert is_request_to_wait(sorted(phrases.holds)[0], phrases)
    for phrase in phrases.holds:
        assert not is_goodbye(phrase, phrases)
    assert not phrases.holds & (phrases.yes | phrases.no | phrases.courtesies)


async def test_the_agent_says_that_there_is_time_and_then_nothing_whatever_the_model_would_say() -> None:
    def behave(call: Call) -> None:
        fill_the_silence(call.call)
        wait_when_asked(call.call)

    async with calling(behave, filler_after=3, apology_after=7) as call:
        await call.says("Hold on a second, let me get my card.")
        await call.hears("take_your_time")
        await asyncio.sleep(30)
        assert call.telephone.heard == ["take_your_time"]
        assert not call.ending.begun
        await call.says(QUESTION)
        await call.hears("take_your_time", "answer")
        await until(lambda: spoken(call.session) == ["Of course, take your time.", "At nine."])
        await settle()

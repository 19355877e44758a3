"""The catalog: which providers there are, which one is chosen, and why one cannot be."""

import pytest

from agent.providers import catalog
from agent.providers.catalog import KINDS, LLM, STT, TTS

KEY = {"OPENAI_API_KEY": object()}


def having(kind: str) -> list[str]:
    """List the providers that offer the kind, by name."""
    return sorted(name for name in catalog.PROVIDERS if hasattr(catalog.module(name), f"new_{kind}"))


def test_without_a_key_the_embedded_models_are_chosen() -> None:
    assert [catalog.default(kind, {}) for kind in KINDS] == [
        "speech/whisper-tiny.en",
        "speech/qwen2.5-coder-1.5b-instruct",
        "speech/kokoro-heart",
    ]


def test_the_small_size_has_a_smaller_language_model_and_nothing_else() -> None:
    assert [catalog.default(kind, {}, small=True) for kind in KINDS] == [
        "speech/whisper-tiny.en",
        "speech/qwen2.5-coder-0.5b-instruct",
        "speech/kokoro-heart",
    ]


@pytest.mark.parametrize("small", [True, False])
def test_with_a_key_its_provider_is_chosen_whatever_the_size(small: bool) -> None:
    assert [catalog.default(kind, KEY, small=small) for kind in KINDS] == [
        "openai/gpt-4o-mini-transcribe",
        "openai/gpt-4o-mini",
        "openai/gpt-4o-mini-tts",
    ]


def test_a_key_that_no_provider_knows_chooses_nothing() -> None:
    assert catalog.default(LLM, {"ANOTHER_API_KEY": object()}) == "speech/qwen2.5-coder-1.5b-instruct"


def test_where_no_provider_has_a_kind_somebody_hears_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(catalog.PROVIDERS, "speech")
    with pytest.raises(LookupError, match="no provider has a tts without a key"):
        catalog.default(TTS, {})


@pytest.mark.parametrize(
    ("kind", "name", "problem"),
    [
        (LLM, "gpt-4o-mini", "is not of the form provider/model, e.g. "),
        (LLM, "/gpt-4o-mini", "is not of the form provider/model"),
        (STT, "speech/", f"is not of the form provider/model, e.g. {'/… or '.join(having(STT))}/…"),
        (STT, "", "is not of the form provider/model"),
        (TTS, "zz/flash", f"names the unknown provider 'zz'; known providers: {', '.join(having(TTS))}"),
        (LLM, "openai-realtime/x", "names the unknown provider 'openai-realtime'; known providers: "),
        (LLM, "OpenAI/gpt-4o", "names the unknown provider 'OpenAI'"),
        (LLM, "speech/nonsense", "names a model that speech does not have; it has whisper-tiny.en, qwen2.5-"),
        (LLM, "openai/gpt-4o", "needs OPENAI_API_KEY, which is not set in .env"),
        (STT, "openai-realtime/gpt-4o-transcribe", "needs OPENAI_API_KEY, which is not set in .env"),
    ],
)
def test_what_cannot_be_used_is_explained(kind: str, name: str, problem: str) -> None:
    assert (catalog.problem(kind, name, {}) or "").startswith(problem)


@pytest.mark.parametrize(
    ("kind", "name"),
    [(LLM, "openai/gpt-4o"), (STT, "openai-realtime/any"), (TTS, "speech/kokoro-heart"), (LLM, "openai/a/b")],
)
def test_what_can_be_used_is_no_problem(kind: str, name: str) -> None:
    assert catalog.problem(kind, name, KEY) is None


@pytest.mark.parametrize("provider", catalog.PROVIDERS)
def test_a_provider_has_what_its_facts_say(provider: str) -> None:
    module, its = catalog.module(provider), catalog.facts(f"{provider}/any")
    assert its.kinds
    assert {kind for kind in KINDS if hasattr(module, f"new_{kind}")} == set(its.kinds)
    assert set(its.defaults) <= set(its.kinds)
    assert not its.models or set(its.defaults.values()) <= set(its.models)


def test_a_name_has_one_slash_that_counts() -> None:
    assert catalog.split("openai/org/model") == ("openai", "org/model")
    assert catalog.split("openai") == ("openai", "")

"""Who hears, thinks and speaks on one line, as its settings, the host's keys and the catalog decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.lines.line import Objection
from agent.providers import catalog
from agent.providers.catalog import KINDS, LLM, STT, TTS, Provider, Wanted
from agent.providers.prices import Cost, cost_of, read_prices
from agent.providers.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from livekit.agents import llm, stt, tts
    from pydantic import SecretStr

    from agent.lines.line import Line
    from agent.lines.servers import Server
    from agent.settings import Settings

OPENAI = "openai"


class Pipeline:
    """The models of one line, and those that take over when one fails. No model is connected before it is asked for."""

    def __init__(self, line: Line, settings: Settings) -> None:
        self._line, self._settings = line, settings
        self.usage = Usage()  # of every model that is made here
        self._keys: Mapping[str, SecretStr] = {**settings.provider_keys, **line.models.keys}
        small = settings.speech_size == "small"
        self._names = {
            kind: [getattr(line.models, kind) or catalog.default(kind, self._keys, small=small)] for kind in KINDS
        }
        for kind in KINDS:
            if second := getattr(line.models, f"{kind}_fallback"):
                self._names[kind].append(second)

    def name(self, kind: str) -> str:
        """Return the model of the `kind` (stt, llm, tts) that is asked first, as `provider/model`."""
        return self._names[kind][0]

    def cost(self) -> Cost:
        """Return what the models have cost until now, by the prices that hold at this moment."""
        prices = read_prices(self._settings.lines_folder, of_openai=not self._settings.openai_base_url)
        return cost_of(self.usage.all(), prices)

    def problems(self) -> list[Objection]:
        """Say which of the line's models and keys cannot be used."""
        found = [*self._key_problems(), *self._server_problems()]
        for kind, names in self._names.items():
            for name, key in zip(names, (kind, f"{kind}_fallback"), strict=False):
                if problem := catalog.problem(kind, name, self._keys, self._line.servers):
                    found.append(Objection(f"models.{key}", f"= {name!r}, which {problem}"))
            if len(set(names)) < len(names):
                found.append(Objection(f"models.{kind}_fallback", f"= {names[1]!r}, which {kind} is already"))
        return found or [*self._language_problems(), *self._voice_problems()]

    def new_stts(self) -> list[stt.STT[Any]]:
        """Make the speech to text, and the one that takes over; `conversation.session` combines the two."""
        return self._all(STT)

    def new_llm(self) -> llm.LLM[Any]:
        """Make the language model."""
        models: list[llm.LLM[Any]] = self._all(LLM)
        if len(models) == 1:
            return models[0]
        from livekit.agents import llm

        return llm.FallbackAdapter(models, attempt_timeout=self._facts(self._names[LLM][1]).patience)

    def new_tts(self) -> tts.TTS[Any]:
        """Make the text to speech."""
        voices: list[tts.TTS[Any]] = self._all(TTS)
        if len(voices) == 1:
            return voices[0]
        from livekit.agents import tts

        return tts.FallbackAdapter(voices, max_retry_per_tts=0)

    def models(self, kind: str) -> list[Any]:
        """Make each model of the `kind` (stt, llm, tts) by itself, in the order of `wanted`."""
        return self._all(kind)

    def patience(self, kind: str) -> float:
        """Return how many seconds the first model of the `kind` (stt, llm, tts) may be silent before it has failed.

        If there is a second model to ask, it must have time to answer before the caller hears an apology.
        """
        usual = self._facts(self.name(kind)).patience
        return min(usual, self._line.handling.apology_after / 3) if self._has_second(kind) else usual

    def attempts(self, kind: str) -> int:
        """Return how often a model is asked; a retry may cost as much silence again, so a second model is better."""
        return 1 if self._has_second(kind) else 2

    @property
    def reads_slowly(self) -> bool:
        """Whether the language model gains from being shown the persona before the first question."""
        return self._facts(self.name(LLM)).reads_slowly

    @property
    def invents_facts(self) -> bool:
        """Whether what the language model answers has to be checked against the line's facts."""
        return self._facts(self.name(LLM)).invents_facts

    @property
    def uses_tools(self) -> bool:
        """Whether the language model, and the one that takes over when it fails, can be given tools."""
        return all(map(self._calls_tools, self._names[LLM]))

    @property
    def tells_machines_from_people(self) -> bool:
        """Whether the language model can be asked who has answered a call.

        It has to call a tool as its instructions say, and an embedded model chooses one by the caller's words alone.
        """
        return self.uses_tools and not self.invents_facts

    @property
    def fills_in_forms(self) -> bool:
        """Whether the language model can fill in the outcome's fields, for which it has to answer with JSON."""
        return self._facts(self.name(LLM)).writes_json

    @property
    def embedded(self) -> bool:
        """Whether any of the models runs on this machine's CPU."""
        return any(its.embedded for its in self._facts_of_all(KINDS))

    @property
    def modules(self) -> list[str]:
        """The modules of the providers, to be imported once before calls come."""
        return sorted({catalog.PROVIDERS[self._provider(name)] for names in self._names.values() for name in names})

    def wanted(self, kind: str) -> list[tuple[str, Wanted]]:
        """List what the models of the `kind` are asked for, each with its name as `provider/model`."""
        patience = [self.patience(kind), *(self._facts(name).patience for name in self._names[kind][1:])]
        return [(name, self._wanted(name, limit)) for name, limit in zip(self._names[kind], patience, strict=True)]

    def address(self, name: str) -> str | None:
        """Return where `provider/model` is asked; None if that is not OpenAI's API, or is part of this bundle."""
        if server := self._server(name):
            return server.url
        its = catalog.facts(name)
        return (self._settings.openai_base_url or its.url) if its.url and not its.embedded else None

    def key_of(self, name: str) -> str:
        """Return what a person calls the key of `provider/model`; empty if there is none."""
        if server := self._server(name):
            return f"servers.{catalog.split(name)[0]}.key" if server.key else ""
        key = catalog.facts(name).key
        return f"models.keys.{key}" if key in self._line.models.keys else key

    def _calls_tools(self, name: str) -> bool:
        its = self._facts(name)
        return its.tools and catalog.split(name)[1] not in its.without_tools

    def _facts_of_all(self, kinds: Iterable[str]) -> list[Provider]:
        return [self._facts(name) for kind in kinds for name in self._names[kind]]

    def _facts(self, name: str) -> Provider:
        """Return what is known about the provider in `provider/model`, or about the line's own server."""
        if server := self._server(name):
            return Provider(kinds=KINDS, patience=server.patience, tools=server.tools)
        return catalog.facts(name)

    def _server(self, name: str) -> Server | None:
        return self._line.servers.get(catalog.split(name)[0])

    def _provider(self, name: str) -> str:
        """Return whose module makes the model: a server of the line's own is asked as OpenAI is."""
        return OPENAI if self._server(name) else catalog.split(name)[0]

    def _has_second(self, kind: str) -> bool:
        return len(self._names[kind]) > 1

    def _all(self, kind: str) -> list[Any]:
        made = []
        for name, wanted in self.wanted(kind):
            model = getattr(catalog.module(self._provider(name)), f"new_{kind}")(wanted)
            self.usage.count(kind, name, model)
            made.append(model)
        return made

    def _wanted(self, name: str, patience: float) -> Wanted:
        provider, model = catalog.split(name)
        its, server = self._facts(name), self._server(name)
        key = server.key if server else self._keys[its.key] if its.key else None
        url = server.url if server else self._settings.speech_url if its.embedded else self._settings.openai_base_url
        secret = key.get_secret_value() if key else ""
        thinks = url is not None and not its.embedded
        return Wanted(model, self._line.language, self._voice_of(provider), secret, url, patience, thinks)

    def _voice_of(self, provider: str) -> str:
        """Return the line's voice, which is the first text to speech's; another provider speaks with its usual one."""
        voice = self._line.models.voice if provider == catalog.split(self.name(TTS))[0] else ""
        server = self._line.servers.get(provider)
        return voice or (server.voice if server else "")

    def _key_problems(self) -> list[Objection]:
        known = {its.key for its in map(catalog.facts, catalog.PROVIDERS) if its.key}
        return [
            Objection(f"models.keys.{name}", f"which no provider uses; the known keys are: {', '.join(sorted(known))}")
            for name in sorted(self._line.models.keys.keys() - known)
        ]

    def _server_problems(self) -> list[Objection]:
        return [
            Objection(f"servers.{name}", f"which is the name of a provider: give it another one, such as my-{name}")
            for name in sorted(self._line.servers.keys() & catalog.PROVIDERS.keys())
        ]

    def _language_problems(self) -> list[Objection]:
        language = self._line.language
        foreign = {
            name: self._facts(name).languages
            for names in self._names.values()
            for name in names
            if self._facts(name).languages and language not in self._facts(name).languages
        }
        if not foreign:
            return []
        known = ", ".join(sorted({known for languages in foreign.values() for known in languages}))
        needed = f"needs other models than {', '.join(foreign)} ({known} only)"
        return [
            Objection("language", f"= {language!r}, which {needed}: set OPENAI_API_KEY in .env, and name none of these")
        ]

    def _voice_problems(self) -> list[Objection]:
        voice, its = self._line.models.voice, self._facts(self.name(TTS))
        if not voice or not its.voices or voice in its.voices:
            return []
        has = ", ".join(its.voices)
        return [Objection("models.voice", f"= {voice!r}, which {self.name(TTS)} does not have; it has {has}")]

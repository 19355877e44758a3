"""The agent gives tools to those embedded models for which the speech service offers them, and to no others."""

import tomllib

from agent.providers import speech
from agent.providers.catalog import LLM
from agent.providers.pipeline import Pipeline
from speech.models.weights import MANIFEST
from tests.unit.agent.fakes import host, line


def test_agent_and_speech_agree_which_models_call_tools() -> None:
    manifest = tomllib.loads(MANIFEST.read_text())
    models = {name: its.get("calls_tools", False) for name, its in manifest.items() if its.get("role") == LLM}
    assert {name: Pipeline(line(llm=f"speech/{name}"), host()).uses_tools for name in models} == models
    assert set(models) == {speech.DEFAULTS[LLM], *speech.SMALL.values()}

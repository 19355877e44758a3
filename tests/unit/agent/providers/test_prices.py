"""What a call has cost follows from unit prices; what is not known is said, and a wrong file has its sentence."""

import re
from pathlib import Path
from typing import Any

import pytest

from agent.providers import catalog, openai, openai_realtime
from agent.providers.catalog import KINDS
from agent.providers.prices import Cost, Price, cost_of, problems, read_prices
from agent.providers.usage import ModelUsage
from tests.support.house import ROOT
from tests.unit.agent.fakes import host, line, pipeline


def used(kind: str, model: str, provider: str = "openai", **counts: Any) -> ModelUsage:
    return ModelUsage(kind=kind, provider=provider, model=model, **{"requests": 1} | counts)


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    (tmp_path / "lines").mkdir()
    return tmp_path / "lines"


def own(lines: Path, text: str) -> Path:
    (lines / "prices.toml").write_text(text)
    return lines


@pytest.mark.parametrize(
    ("usage", "amount"),
    [
        (used("llm", "gpt-4o-mini", input_tokens=1_000_000, cached_tokens=400_000, output_tokens=100_000), 0.18),
        (used("tts", "tts-1", characters=200_000), 3.0),
        (used("stt", "whisper-1", audio_seconds=90), 0.009),
        (used("stt", "gpt-4o-mini-transcribe", audio_seconds=60), 0.003),
        (used("stt", "gpt-4o-mini-transcribe", audio_seconds=60, input_tokens=600, output_tokens=200), 0.00175),
        (used("tts", "gpt-4o-mini-tts", audio_seconds=60, characters=900), 0.015),
        (used("llm", "anything", "speech", input_tokens=5000), 0.0),
        (used("llm", "gpt-4o-mini", errors=1), 0.0),
        (used("llm", "gpt-4o-mini"), None),  # it has answered, but a server need not tell how many tokens that was
        (used("llm", "somebody's", input_tokens=5), None),
        (used("llm", "gpt-4o-mini", "own", input_tokens=5), None),
    ],
)
def test_an_amount_follows_from_what_was_used(lines: Path, usage: ModelUsage, amount: float | None) -> None:
    [part] = cost_of([usage], read_prices(lines)).parts
    assert (part.kind, part.provider, part.model) == (usage.kind, usage.provider, usage.model)
    assert part.amount == (amount if amount is None else pytest.approx(amount))


def test_a_total_is_known_only_if_all_of_it_is(lines: Path) -> None:
    known, unknown = used("tts", "tts-1", characters=1_000_000), used("llm", "somebody's", input_tokens=5)
    assert cost_of([known, known], read_prices(lines)).total == 30.0
    assert cost_of([known, unknown], read_prices(lines)).total is None
    assert cost_of([], read_prices(lines)) == Cost(currency="USD", total=0.0, parts=[])


def test_a_cached_token_costs_as_much_as_another_if_nothing_else_is_said() -> None:
    price = Price(input_per_million_tokens=1.0, output_per_million_tokens=0.0)
    assert price.amount(used("llm", "x", input_tokens=1_000_000, cached_tokens=500_000)) == 1.0


def test_a_server_that_counts_cached_tokens_beside_the_others_costs_no_less_than_nothing() -> None:
    price = Price(input_per_million_tokens=1.0, cached_per_million_tokens=0.5, output_per_million_tokens=0.0)
    assert price.amount(used("llm", "x", input_tokens=1, cached_tokens=1_000_000)) == 0.5


def test_the_operators_own_file_replaces_and_adds(lines: Path) -> None:
    own(lines, '[openai."tts-1"]\nper_million_characters = 1\n[ollama."qwen3:8b"]\nper_minute = 0\n')
    prices = read_prices(lines)
    assert prices["openai", "tts-1"] == Price(per_million_characters=1.0)
    assert prices["ollama", "qwen3:8b"] == Price(per_minute=0.0)
    assert ("openai", "gpt-4o-mini") in prices
    assert problems(lines) == []


def test_where_openai_is_another_server_only_the_operators_prices_hold(lines: Path) -> None:
    own(lines, '[openai."tts-1"]\nper_million_characters = 1\n')
    assert set(read_prices(lines, of_openai=False)) == {("openai", "tts-1")}
    elsewhere = pipeline(settings=host(lines_folder=lines, openai_base_url="http://localhost/v1"))
    elsewhere.usage._of["llm", "x"] = used("llm", "gpt-4o-mini", input_tokens=5)
    assert elsewhere.cost().total is None
    at_openai = pipeline(line(), host(lines_folder=lines))
    at_openai.usage._of["llm", "x"] = used("llm", "gpt-4o-mini", input_tokens=1_000_000)
    assert at_openai.cost().total == 0.15


WRONG = [
    ("[openai", "is not TOML: "),
    ("openai = 3", 'has openai = 3, where a table is expected: [openai."the model\'s name"]'),
    ("[openai]\ntts-1 = 3", 'has 3 where the table [openai."tts-1"] is expected'),
    (
        '[openai."x"]\nper_minute = -1',
        'has per_minute = -1 in [openai."x"], where a number of at least 0 is expected',
    ),
    ('[openai."x"]\nper_minute = "1"', "has per_minute = '1' in"),
    ('[openai."x"]\nper_minute = true', "has per_minute = True in"),
    ('[openai."x"]\nper_minute = inf', "has per_minute = inf in"),
    (f'[openai."x"]\nper_minute = {10**400}', "where a number of at least 0 is expected"),
    ('[openai."x"]\nper_hour = 1', 'has per_hour in [openai."x"], which is no kind of price; there is input_per_'),
    ('[openai."x"]', 'has [openai."x"], which has no price in it'),
    ('[openai."x"]\ninput_per_million_tokens = 1', "a price for input tokens or for output tokens alone"),
    ('[openai."x"]\ncached_per_million_tokens = 1', "a price for cached tokens alone"),
    ("[openai.gpt-4.1-mini]\nper_minute = 1", "a model's name that has a dot in it needs quotation marks"),
]


@pytest.mark.parametrize(("text", "about"), WRONG)
def test_a_wrong_file_has_its_sentence_and_no_price_is_guessed(
    lines: Path, text: str, about: str, caplog: pytest.LogCaptureFixture
) -> None:
    own(lines, text)
    [problem] = problems(lines)
    assert problem.startswith("lines/prices.toml ")
    assert about in problem
    assert read_prices(lines) == {}
    assert caplog.messages == [f"{problem}; until that is corrected, what calls cost is not known"]
    assert cost_of([used("llm", "x", "speech")], {}).total == 0.0


def test_a_file_that_cannot_be_read_has_its_sentence(lines: Path) -> None:
    (lines / "prices.toml").write_bytes(b"\xff")
    assert problems(lines) == ["lines/prices.toml is not UTF-8: save it as UTF-8"]
    (lines / "prices.toml").write_bytes(b"#" * 1_000_001)
    assert problems(lines) == ["lines/prices.toml has more than 1000000 bytes: shorten it"]
    (lines / "prices.toml").unlink()
    (lines / "prices.toml").mkdir()
    assert problems(lines) == ["lines/prices.toml cannot be read (Is a directory): make it readable by all"]


def test_the_price_of_every_model_of_openais_that_a_page_or_a_default_names_is_known(lines: Path) -> None:
    pages = "\n".join(path.read_text() for path in [*(ROOT / "docs").rglob("*.md"), *(ROOT / "agent").rglob("*.toml")])
    named = set(re.findall(r"\b(openai(?:-realtime)?)/([a-z0-9][a-z0-9.-]*[a-z0-9])", pages))
    models = {(provider, model) for provider, model in named if provider in catalog.PROVIDERS}
    models = {it for it in models if re.match(r"gpt-|whisper-|tts-", it[1]) and not it[1].startswith("gpt-oss")}
    models |= {("openai", openai.PROVIDER.defaults[kind]) for kind in KINDS}
    assert models
    assert openai_realtime.PROVIDER.url == openai.PROVIDER.url
    assert models <= set(read_prices(lines))

"""The file of what callers say holds what the bench is promised."""

from collections import Counter

import pytest

from tests.bench.sounds.sayings import clips, dictations, parse, sayings, spoken_noises
from tests.bench.sounds.voices import EVERYONE, TUNING

SAYINGS = sayings()
PAUSES = [saying for saying in SAYINGS if saying.kind == "pause"]


def test_a_pause_divides_a_sentence_and_keeps_its_words() -> None:
    saying = parse("I'd like a <0.8> table, um, <1.2!> for [two](/tu/).", "x", "pause", "", TUNING[0], held_out=False)
    assert saying.parts == ("I'd like a", "table, um,", "for [two](/tu/).")
    assert saying.words == ("I'd like a", "table, um,", "for two.")
    assert saying.pauses == (0.8, 1.2)
    assert saying.could_end


def test_a_mark_that_is_no_pause_is_refused() -> None:
    with pytest.raises(ValueError, match="soon"):
        parse("I'd like a <soon> table.", "x", "pause", "", TUNING[0], held_out=False)


def test_there_are_enough_sounds_of_every_kind() -> None:
    kinds = Counter(saying.kind for saying in SAYINGS)
    assert kinds["turn"] >= 40
    assert kinds["pause"] >= 100
    assert kinds["greeting"] >= 20
    assert kinds["barge_in"] >= 12
    assert len(spoken_noises()) + len(clips()) >= 40


def test_every_pause_sentence_pauses_and_nothing_else_does() -> None:
    assert all(bool(saying.pauses) == (saying.kind == "pause") for saying in SAYINGS)


def test_pauses_are_spread_evenly_between_four_and_fifteen_tenths_of_a_second() -> None:
    lengths = [length for saying in PAUSES for length in saying.pauses]
    quarters = Counter(int((length - 0.4) / 0.275) for length in lengths)
    assert min(lengths) >= 0.4
    assert max(lengths) <= 1.5
    assert all(0.2 <= quarters[quarter] / len(lengths) <= 0.3 for quarter in range(4))


def test_only_few_sentences_could_have_ended_at_their_pause() -> None:
    assert 0 < sum(saying.could_end for saying in PAUSES) <= 0.06 * len(PAUSES)


def test_a_quarter_of_the_pauses_is_held_out_and_half_of_it_by_voices_that_tuning_never_hears() -> None:
    held_out = [saying for saying in PAUSES if saying.held_out]
    assert 0.22 <= len(held_out) / len(PAUSES) <= 0.28
    assert 0.4 <= sum(saying.voice.held_out for saying in held_out) / len(held_out) <= 0.6
    assert not any(saying.voice.held_out for saying in SAYINGS if not saying.held_out)


@pytest.mark.parametrize("held_out", [False, True])
def test_women_and_men_share_the_pauses(held_out: bool) -> None:
    sexes = Counter(saying.voice.sex for saying in PAUSES if saying.held_out is held_out)
    assert 0.4 <= sexes["female"] / sexes.total() <= 0.6


def test_every_voice_takes_turns() -> None:
    assert {saying.voice.name for saying in SAYINGS if saying.kind == "turn"} == {voice.name for voice in EVERYONE}


def test_forty_dictations_are_read_out_in_pieces_by_four_voices() -> None:
    read_out = dictations()
    assert len(read_out) == 40
    assert all(saying.pauses and set(saying.pauses) == {1.4} for saying in read_out)
    assert set(Counter(saying.voice.name for saying in read_out).values()) == {10}
    assert not {saying.id for saying in read_out} & {saying.id for saying in SAYINGS}


def test_no_two_sounds_have_one_name() -> None:
    names = Counter([*(s.id for s in SAYINGS), *(n.saying.id for n in spoken_noises()), *(c.id for c in clips())])
    assert names.most_common(1)[0][1] == 1

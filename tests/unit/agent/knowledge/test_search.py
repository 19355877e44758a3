"""What a question is about is found among many facts, in every language."""

import pytest

from agent.knowledge import search
from agent.knowledge.search import Search

SHOP = """
# Delivery

- Parcels leave our house within two days.
- Furniture is brought to your door by two people, who call you the day before.

# Returns

Goods may be returned within thirty days. We pay the postage.

# Products
"""
MANY = "\n".join(
    f"- The lamp {name} has {number} bulbs." for number, name in enumerate(["Aster", "Bellis", "Clivia"] * 200)
)


@pytest.fixture(scope="module")
def shop() -> Search:
    return Search(SHOP + MANY, "en")


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("Can I return it?", "## Returns\n- Goods may be returned within thirty days. We pay the postage."),
        ("Who pays for the postage?", "## Returns\n- Goods may be returned within thirty days. We pay the postage."),
        ("How will my furniture be brought to me?", "## Delivery\n- Furniture is brought to your door by two people"),
        ("When do parcels leave?", "## Delivery\n- Parcels leave our house within two days."),
    ],
)
def test_the_best_fact_comes_first(shop: Search, question: str, found: str) -> None:
    assert shop.find(question).startswith(found)


@pytest.mark.parametrize("question", ["", "What?", "Do you have pineapples?", "Xyzzy!"])
def test_what_no_fact_mentions_is_not_found(shop: Search, question: str) -> None:
    assert shop.find(question) == ""


def test_only_a_few_facts_are_found_however_many_there_are(shop: Search) -> None:
    found = shop.find("How many bulbs does a lamp have?")
    assert found.count("- The lamp") == search.MOST
    assert len(found) <= search.LONGEST


def test_a_fact_that_is_very_long_is_cut() -> None:
    assert len(Search("We sell " + "many lamps and " * 1000, "en").find("lamps")) == search.LONGEST


@pytest.mark.parametrize(
    ("language", "facts", "question"),
    [
        (
            "de",
            "- Bestellungen werden innerhalb von zwei Tagen geliefert.\n- Wir haben Lampen.",
            "Wann kommt meine Bestellung?",
        ),
        ("es", "- Los pedidos se entregan en dos días.\n- Vendemos lámparas.", "¿Cuándo entregan un pedido?"),
        ("fr", "- Les commandes sont livrées en deux jours.\n- Nous vendons des lampes.", "Quand livrez-vous ?"),
    ],
)
def test_the_stems_are_those_of_the_language(language: str, facts: str, question: str) -> None:
    assert Search(facts, language).find(question) == facts.splitlines()[0]


def test_there_may_be_no_facts() -> None:
    assert Search("", "en").find("What is there?") == ""

"""How carriers write a number, and what LiveKit compares."""

import pytest

from bootstrap.number_forms import FORMS, as_compared, forms_of, parse_all

US, DE, UK, IT = "+12025550100", "+4930123456", "+442079460958", "+390612345678"


@pytest.mark.parametrize(
    ("number", "forms"),
    [
        (US, ["0012025550100", "01112025550100", "2025550100", "2025550100"]),
        (DE, ["004930123456", "0114930123456", "030123456", "30123456"]),
        (UK, ["00442079460958", "011442079460958", "02079460958", "2079460958"]),
        (IT, ["00390612345678", "011390612345678", "0612345678", "0612345678"]),
    ],
)
def test_a_number_is_written_as_carriers_do(number: str, forms: list[str]) -> None:
    assert forms_of(number, list(FORMS)) == forms


def test_a_number_of_no_country_has_no_other_form() -> None:
    assert forms_of("+9990000000", ["national"]) == []


@pytest.mark.parametrize(
    ("form", "compared"),
    [
        ("+12025550100", "+12025550100"),
        ("12025550100", "+12025550100"),
        ("(202) 555-0100", "+2025550100"),
        ("100", "+100"),
        ("front-desk", "front-desk"),
        ("+12025550100;npdi=yes", "+12025550100;npdi=yes"),
    ],
)
def test_livekit_drops_the_punctuation_of_numbers_alone(form: str, compared: str) -> None:
    assert as_compared(form) == compared


def test_punctuation_of_numbers_is_dropped_and_names_stay() -> None:
    entries = ["(202) 555-0100", "+1 202 555 0100", "100", "front-desk", "*98", "+12025550100;npdi=yes"]
    assert parse_all(entries) == ("2025550100", "+12025550100", "100", "front-desk", "*98", "+12025550100;npdi=yes")


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("", "is an empty entry"),
        ("tel:+12025550100", "begins with tel: or sip:, which LiveKit does not compare"),
        ("sip:100", "begins with tel: or sip:"),
        ("100@pbx.example.com", "has an @ and a host, which LiveKit does not compare"),
        ("front desk", "holds ' ', which is not part of a number or an extension"),
        ("#31", "holds '#'"),
        ("x" * 65, "has 65 characters; at most 64"),
    ],
)
def test_what_livekit_cannot_compare_is_refused(entry: str, reason: str) -> None:
    with pytest.raises(ValueError, match="write what the carrier sends before the @") as caught:
        parse_all([entry])
    assert reason in str(caught.value)

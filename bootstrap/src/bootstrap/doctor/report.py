"""What make doctor prints, for people or as JSON, and its exit code."""

import json
from collections.abc import Mapping, Sequence

from bootstrap.doctor.finding import FAIL, OK, SKIPPED, WARN, Level
from bootstrap.doctor.run import Result

EXIT_CODES: Mapping[Level, int] = {OK: 0, WARN: 1, FAIL: 2}
SHOWN: Mapping[Level, str] = {OK: "ok", WARN: "warn", FAIL: "FAIL", SKIPPED: "-"}
COUNTED: Mapping[Level, str] = {OK: "ok", WARN: "to be looked at", FAIL: "failed", SKIPPED: "not checked"}


def worst(results: Sequence[Result]) -> Level:
    """Return the worst level; what was not checked is not worse than what is right."""
    levels = {result.finding.level for result in results}
    return next((level for level in (FAIL, WARN) if level in levels), OK)


def as_text(results: Sequence[Result], stations: Mapping[str, str]) -> str:
    """Write a row for each check, below the heading of its station, and the cure below what is wrong."""
    rows: list[str] = []
    station = ""
    for result in results:
        if (its := result.check.id.partition(".")[0]) != station:
            station = its
            rows += ["", stations[station]]
        rows.append(f"  {SHOWN[result.finding.level]:<5}{result.check.id:<27}{result.finding.sentence}")
        if result.cure:
            rows.append(f"       {'':27}-> {result.cure}")
    return "\n".join([*rows[1:], "", summary(results), ""])


def summary(results: Sequence[Result]) -> str:
    levels = [result.finding.level for result in results]
    counts = ", ".join(f"{levels.count(level)} {what}" for level, what in COUNTED.items() if level in levels)
    bad = worst(results)
    begin = "" if bad == OK else f" Begin with {next(one.check.id for one in results if one.finding.level == bad)}."
    return f"{len(results)} checks: {counts}.{begin}"


def as_json(results: Sequence[Result]) -> str:
    """Write the same as one JSON object."""
    checks = [
        {
            "id": result.check.id,
            "title": result.check.title,
            "level": result.finding.level,
            "sentence": result.finding.sentence,
            "cure": result.cure,
        }
        for result in results
    ]
    return json.dumps({"worst": worst(results), "checks": checks}, indent=2, ensure_ascii=False) + "\n"

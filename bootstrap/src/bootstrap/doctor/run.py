"""Runs the checks: each after those that it needs, and not at all if one of them failed."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bootstrap.doctor.finding import FAIL, SKIPPED, Check, Finding, fail, skipped
from bootstrap.doctor.world import World

LONGEST = 20.0  # seconds for one check


@dataclass(frozen=True)
class Result:
    check: Check
    finding: Finding

    @property
    def cure(self) -> str:
        """What to do; empty if there is nothing to do."""
        return (self.finding.cure or self.check.cure) if self.finding.level in ("warn", "fail") else ""


async def run(checks: Sequence[Check], world: World) -> list[Result]:
    """Run the checks at the same time, as far as their needs allow; the results are in the order of `checks`."""
    tasks: dict[str, asyncio.Task[Finding]] = {}
    for check in checks:  # none of them begins before all are there
        tasks[check.id] = asyncio.create_task(find(check, tasks, world))
    return [Result(check, await tasks[check.id]) for check in checks]


async def find(check: Check, tasks: Mapping[str, asyncio.Task[Finding]], world: World) -> Finding:
    for id_ in check.needs:
        finding = await tasks[id_]
        if finding.level == FAIL:
            return skipped(f"{id_} failed")
        if finding.level == SKIPPED:  # for the same reason
            return finding
    try:
        async with asyncio.timeout(LONGEST):
            return await check.look(world)
    except TimeoutError:
        return fail(f"This took longer than {LONGEST:.0f} s.")
    except Exception as error:
        return fail(f"This check has a fault ({type(error).__name__}), so it says nothing about your line.", REPORT_IT)


REPORT_IT = "Report it, with what make doctor JSON=yes prints."

"""Prometheus, which collects what the services measure. No phone call depends on it."""

from bootstrap.doctor.finding import FAIL, Finding, check, skipped, warn
from bootstrap.doctor.running import CURE, running
from bootstrap.doctor.world import World


@check(
    id="metrics.running",
    needs=("host.engine", "settings.env"),
    title="Prometheus is up, if METRICS is yes",
    cure=CURE,
)
async def prometheus(world: World) -> Finding:
    if "metrics" not in world.facts.profiles:
        return skipped("METRICS in .env is not yes")
    its = running(world, "prometheus")
    return warn("Prometheus is not up, so nothing that happens now will be in it.") if its.level == FAIL else its

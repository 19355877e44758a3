"""Whether a service of compose.yaml is up, which several stations ask."""

from bootstrap.doctor.finding import Finding, fail, ok
from bootstrap.doctor.world import World

CURE = "Run make up. If that does not help, docker compose logs with the service's name says why."


def running(world: World, name: str) -> Finding:
    its = world.facts.services.get(name)
    if its is None:
        return fail(f"The service {name} has no container, so the line is not up.")
    if not its.is_up:
        return fail(f"The service {name} is {its.health if its.state == 'running' else its.state}.")
    return ok(f"The service {name} is up.")

"""The machine and its Docker Engine."""

import re

from bootstrap.doctor.finding import Finding, check, fail, ok, skipped, warn
from bootstrap.doctor.world import World

LEAST_DISK, LITTLE_DISK = 500, 2000  # MB
LEAST_AVAILABLE = 200  # MB
BUSY = 2.0  # processes for each core, over five minutes
RESTARTS = 3
SETTLED = 3600  # seconds after which a service that runs counts as recovered


@check(
    id="host.engine",
    title="a Docker Engine answers",
    cure="Start it (sudo systemctl start docker, or open Docker Desktop), then run make doctor again.",
)
async def engine(world: World) -> Finding:
    return ok("A Docker Engine answers.") if world.facts.get("ENGINE_VERSION") else fail("No Docker Engine answers.")


@check(
    id="host.engine_version",
    needs=("host.engine",),
    title="the engine is new enough",
    cure="Update Docker Engine, then run make up.",
)
async def engine_version(world: World) -> Finding:
    return compare("Docker Engine", world.facts.get("ENGINE_VERSION"), world.facts.get("MIN_ENGINE"))


@check(
    id="host.compose_version",
    needs=("host.engine",),
    title="Docker Compose is new enough",
    cure="Update docker-compose-plugin, then run make up.",
)
async def compose_version(world: World) -> Finding:
    return compare("Docker Compose", world.facts.get("COMPOSE_VERSION"), world.facts.get("MIN_COMPOSE"))


@check(
    id="host.callers_addresses",
    needs=("host.engine",),
    title="the engine shows where packets come from",
    cure="Run the line on a Linux engine, or let a rootless one show addresses (docs/operations.md, Rootless engines).",
)
async def callers_addresses(world: World) -> Finding:
    kind = world.facts.get("ENGINE_KIND")
    if kind not in ("desktop", "rootless_hidden"):
        return ok("The engine shows the gateway where packets come from.")
    name = "Docker Desktop" if kind == "desktop" else "This rootless engine"
    if not world.is_public:
        return ok(f"{name} hides where packets come from, which matters only once the line is open to others.")
    return fail(f"{name} hides where packets come from, so the trunk's list of addresses lets no carrier in.")


@check(
    id="host.memory",
    needs=("host.engine", "settings.env"),
    title="there is enough memory for what runs",
    cure="Give the host more memory. SPEECH_SIZE=small in .env needs 1 GB less.",
)
async def memory(world: World) -> Finding:
    have, free = world.facts.number("MEMORY_MB"), world.facts.number("MEMORY_AVAILABLE_MB")
    need = world.facts.number("MEMORY_NEEDED_MB")
    if have is None or need is None:
        return skipped("it is not known how much memory there is, or is needed")
    if have < need:
        return warn(f"The engine has {have:.0f} MB of memory, but the line needs about {need:.0f} MB.")
    if free is not None and free < LEAST_AVAILABLE:
        return warn(f"Only {free:.0f} MB of memory are available, so a program may be killed during a call.")
    return ok(f"The engine has {have:.0f} MB of memory, and the line needs about {need:.0f} MB.")


@check(
    id="host.disk",
    needs=("host.engine",),
    title="there is room where the engine keeps images and volumes",
    cure="Free some space: docker system prune deletes what no container uses.",
)
async def disk(world: World) -> Finding:
    free = world.facts.number("DISK_FREE_MB")
    if free is None:
        return skipped("the engine's disk is in a virtual machine, and cannot be seen from here")
    sentence = f"The engine's disk has {free:.0f} MB free."
    return fail(sentence) if free < LEAST_DISK else warn(sentence) if free < LITTLE_DISK else ok(sentence)


@check(
    id="host.cpu",
    needs=("host.engine",),
    title="there are cores enough, and they have time",
    cure="Stop what else uses the CPU, take more cores, or name a provider instead of the embedded models.",
)
async def cpu(world: World) -> Finding:
    cores, load = world.facts.number("CPUS"), world.facts.number("LOAD")
    if not cores:
        return skipped("the engine does not say how many cores it has")
    if cores < 2 and "local" in world.facts.profiles:
        return warn("The engine has one core, on which the embedded models answer too late.")
    if load is not None and load / cores > BUSY:
        return warn(f"Over the last five minutes, {load:.1f} processes wanted {cores:.0f} cores: speech may break up.")
    return ok(f"The engine has {cores:.0f} cores.")


@check(
    id="host.clock",
    title="the host's clock is kept right by the network",
    cure="Switch it on: sudo timedatectl set-ntp true.",
)
async def clock(world: World) -> Finding:
    match world.facts.get("CLOCK_SYNCHRONIZED"):
        case "yes":
            return ok("The clock is kept right by the network.")
        case "no":
            return warn("Nothing keeps the clock right, and a wrong one makes keys and certificates fail.")
    return skipped("this host does not say whether anything keeps its clock right")


@check(
    id="host.starts_at_boot",
    needs=("host.engine",),
    title="the engine starts with the host",
    cure="Switch it on: sudo systemctl enable docker.",
)
async def starts_at_boot(world: World) -> Finding:
    match world.facts.get("STARTS_AT_BOOT"):
        case "yes":
            return ok("The engine starts with the host, and the line with it.")
        case "no":
            return warn("The engine does not start with the host, so after a restart no call is answered.")
    return skipped("this host does not say whether the engine starts with it")


@check(
    id="host.restarts",
    needs=("host.engine",),
    title="no service is started over and over",
    cure="docker compose logs --tail 50 with the service's name says why it ends.",
)
async def restarts(world: World) -> Finding:
    services = world.facts.services
    if not services:
        return skipped("no service has a container. Run make up")
    over = sorted(
        name
        for name, its in services.items()
        if its.state == "restarting" or (its.restarts >= RESTARTS and world.now - its.started < SETTLED)
    )
    if over:
        return warn(f"Docker has restarted {' and '.join(over)} over and over within the last hour.")
    return ok("No service had to be restarted again and again.")


def compare(name: str, found: str, least: str) -> Finding:
    if not found:
        return skipped(f"it is not known which version {name} has")
    if numbers_of(found) >= numbers_of(least):
        return ok(f"{name} is {found}.")
    return fail(f"{name} is {found}, but {least} or newer is needed.")


def numbers_of(version: str) -> list[int]:
    """Return the numbers in a version such as v28.5.2+dfsg4, up to what is no number any more."""
    return [int(part) for part in re.match(r"v?([0-9.]*)", version)[1].split(".") if part]  # type: ignore[index]

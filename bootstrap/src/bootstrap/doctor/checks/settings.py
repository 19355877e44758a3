""".env and the lines."""

from bootstrap.doctor.finding import Finding, check, counted, fail, ok, skipped, warn
from bootstrap.doctor.world import World


@check(id="settings.env", title="there is a .env", cure="Run make up, which makes it.")
async def env(world: World) -> Finding:
    return ok("There is a .env.") if world.facts.get("ENV_FILE") == "yes" else fail("There is no .env here.")


@check(
    id="settings.env_mode",
    needs=("settings.env",),
    title="nobody else can read .env",
    cure="Run: chmod 600 .env",
)
async def env_mode(world: World) -> Finding:
    mode = world.facts.get("ENV_MODE")
    if not mode:
        return skipped("this host does not say who may read .env")
    if mode[4:] != "------":
        return warn(f"Other users of this host can read .env and its secrets ({mode}).")
    return ok("Only its owner can read .env.")


@check(
    id="settings.env_rows",
    needs=("settings.env",),
    title="every row of .env and lines/secrets.env can be used as it is written",
    cure="make check names each row, and says what to change.",
)
async def env_rows(world: World) -> Finding:
    wrong = world.facts.number("ENV_ROWS_WRONG")
    if wrong:
        return fail(f"{counted(wrong, 'row')} of .env or lines/secrets.env cannot be used as written.")
    return ok("Every row of .env and lines/secrets.env can be used.")


@check(
    id="settings.restore",
    title="no make restore was interrupted",
    cure="Run make restore again: it finishes or undoes what was interrupted.",
)
async def restore(world: World) -> Finding:
    if world.facts.get("RESTORE_INTERRUPTED") == "yes":
        return fail("make restore was interrupted, so .env, the lines and the data may not belong together.")
    return ok("No make restore was interrupted.")


@check(
    id="settings.values",
    needs=("settings.env", "network.subnet"),
    title="addresses, numbers and keys in .env are valid, and each number has a line",
    cure="make check says what is wrong with each, and what to write.",
)
async def values(world: World) -> Finding:
    if world.facts.get("ENV_IS_USABLE") != "yes":
        return fail("make up has not completed .env, or Compose cannot read it.")
    if world.settings is None:
        return fail(f"These cannot be used as they are: {', '.join(world.wrong)}.")
    return ok("The settings and the lines' numbers are valid.")


@check(
    id="settings.lines",
    needs=("settings.env",),
    title="the agent can use every line's files",
    cure="make check names each file and row, and says what to change.",
)
async def lines(world: World) -> Finding:
    agent = world.facts.agent
    if agent is None:
        return skipped("the agent could not be asked")
    if agent.problems:
        return fail(f"The agent finds {counted(agent.problems, 'problem')} in .env or the lines' files.")
    return ok("The agent can use every line's files.")


@check(
    id="settings.applied",
    needs=("settings.env",),
    title="what runs has the settings that are in .env now",
    cure="Run make up.",
)
async def applied(world: World) -> Finding:
    if world.facts.get("ENV_IS_NEWER") == "yes":
        return warn("Nothing has been started with what .env, lines/secrets.env and this clone have now.")
    if world.facts.get("COMPOSE_WAS_ASKED") != "yes":
        return skipped("Compose does not say what it would start anew")
    old = sorted(set(world.facts.all("REPLACED")))
    if old:
        return warn(f"make up would replace {' and '.join(old)}, whose settings or image have changed since it ran.")
    return ok("Every service has the settings that are in .env now.")


@check(
    id="settings.log_level",
    needs=("settings.env",),
    title="the logs have neither callers' numbers nor their words",
    cure="Set SERVER_LOG_LEVEL=error and LOG_LEVEL=info in .env, then run make up.",
)
async def log_level(world: World) -> Finding:
    server, own = world.facts.get("SERVER_LOG_LEVEL"), world.facts.get("LOG_LEVEL")
    if server in ("debug", "info", "warn"):
        return warn(f"SERVER_LOG_LEVEL is {server}, with which the server and the gateway log callers' numbers.")
    if own == "debug":
        return warn("LOG_LEVEL is debug, with which the agent logs what callers say.")
    return ok("The logs have neither callers' numbers nor their words.")

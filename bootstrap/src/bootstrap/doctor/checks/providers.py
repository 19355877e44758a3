"""Who hears, thinks and speaks: asked from the agent's container, as calls ask them."""

from bootstrap.doctor.finding import Finding, check, fail, ok, skipped, warn
from bootstrap.doctor.running import CURE, running
from bootstrap.doctor.world import World

SLOW = {"stt": 2.0, "llm": 2.5, "tts": 2.0}  # seconds until the first word or sound, after which callers notice
BY_HAND = "make check says why. Check the key and the model, or name another one in the line's [models]."


@check(
    id="providers.embedded",
    needs=("host.engine", "settings.env"),
    title="the embedded models are up, if a line uses one",
    cure=CURE,
)
async def embedded(world: World) -> Finding:
    if "local" not in world.facts.profiles:
        return skipped("no line uses an embedded model")
    return running(world, "speech")


@check(
    id="providers.accepted",
    title="every provider accepts the key, and has the model",
    cure=BY_HAND,
)
async def accepted(world: World) -> Finding:
    agent = world.facts.agent
    if agent is None:
        return skipped("the agent could not be asked")
    if agent.doubts:
        more = f" (and {len(agent.doubts) - 1} more)" if len(agent.doubts) > 1 else ""
        return fail(f"{agent.doubts[0].rstrip('.')}{more}.")
    return ok("Every provider that is not embedded accepts the key, and has the model.")


@check(
    id="providers.hearing",
    needs=("providers.accepted",),
    title="speech to text answers in time",
    cure=BY_HAND,
)
async def hearing(world: World) -> Finding:
    return in_time(world, "stt", "The transcript")


@check(
    id="providers.first_word",
    needs=("providers.accepted",),
    title="the language model's first word comes in time",
    cure=BY_HAND,
)
async def first_word(world: World) -> Finding:
    return in_time(world, "llm", "The first word")


@check(
    id="providers.first_audio",
    needs=("providers.accepted",),
    title="text to speech's first sound comes in time",
    cure=BY_HAND,
)
async def first_audio(world: World) -> Finding:
    return in_time(world, "tts", "The first sound")


def in_time(world: World, kind: str, what: str) -> Finding:
    models = [model for model in (world.facts.agent.models if world.facts.agent else []) if model.kind == kind]
    if not models:
        return skipped("the agent has not asked a model of this kind")
    silent = [model for model in models if model.seconds is None]
    if silent:
        return fail(f"{silent[0].name} {silent[0].problem}.")
    told = " and ".join(f"{model.seconds or 0:.1f} s ({model.name})" for model in models)
    if any((model.seconds or 0) > SLOW[kind] for model in models):
        return warn(f"{what} came after {told}, and callers notice more than {SLOW[kind]:g} s.")
    return ok(f"{what} came after {told}.")

"""Twilio's side of the trunk: the origination URI, and which numbers lead to it."""

from bootstrap.doctor.finding import Finding, check, counted, fail, ok, skipped, warn
from bootstrap.doctor.world import World
from bootstrap.server import RetryPolicy
from bootstrap.twilio import Compared, TwilioError, TwilioUnreachableError, compare

ONCE = RetryPolicy(attempts=1, seconds=15, request_seconds=10)
NAMES_EACH = "docker compose run --rm bootstrap show names each"


@check(
    id="twilio.account",
    needs=("settings.values",),
    title="Twilio accepts the credentials in .env",
    cure="Check TWILIO_ACCOUNT_SID, TWILIO_API_KEY and TWILIO_API_SECRET in .env against Twilio's console.",
)
async def account(world: World) -> Finding:
    try:
        found = await ask(world)
    except TwilioUnreachableError as error:
        return warn(str(error), "Calls need nothing of Twilio's API, so they go on. Run make doctor again later.")
    except TwilioError as error:
        return fail(str(error))
    if found is None:
        return skipped("there are no credentials for Twilio in .env")
    return ok("Twilio accepts the credentials.")


@check(
    id="twilio.trunk",
    needs=("twilio.account",),
    title="trunk, origination URI and numbers at Twilio are what the settings say",
    cure=f"{NAMES_EACH} difference, and make up makes it right or says what is in the way.",
)
async def trunk(world: World) -> Finding:
    try:
        found = await ask(world)
    except TwilioUnreachableError:
        return skipped("Twilio does not answer")
    if found and found.differences:
        count = counted(len(found.differences), "thing")
        return fail(f"Twilio's side differs from the settings in {count}, so calls may go elsewhere.")
    return ok("Twilio's side is what the settings say.")


@check(
    id="twilio.by_hand",
    needs=("twilio.account",),
    title="nothing is left at Twilio that make up cannot put right",
    cure=f"{NAMES_EACH}, with what to do in Twilio's console.",
)
async def by_hand(world: World) -> Finding:
    try:
        found = await ask(world)
    except TwilioUnreachableError:
        return skipped("Twilio does not answer")
    if found and found.warnings:
        return warn(f"Twilio's side has {counted(len(found.warnings), 'fault')} that make up does not mend.")
    return ok("Nothing at Twilio waits for a person.")


async def ask(world: World) -> Compared | None:
    """Compare Twilio's side with the settings; None if there are no credentials, TwilioError if Twilio refuses."""
    if not world.given.twilio_account_sid:
        return None
    return await world.once("twilio", lambda: compare(world.given, world.lines, ONCE))

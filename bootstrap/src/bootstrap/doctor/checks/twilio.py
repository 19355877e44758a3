"""Twilio's side of the trunk: the origination URI, and which numbers lead to it."""

from bootstrap.doctor.finding import Finding, check, fail, ok, skipped
from bootstrap.doctor.world import World


@check(
    id="twilio.account",
    needs=("settings.values",),
    title="Twilio accepts the credentials in .env",
    cure="Check TWILIO_ACCOUNT_SID, TWILIO_API_KEY and TWILIO_API_SECRET in .env against Twilio's console.",
)
async def account(world: World) -> Finding:
    try:
        found = await world.once("twilio", lambda: world.ask_twilio(world.given, world.lines))
    except Exception as error:
        return fail(f"Twilio could not be asked ({type(error).__name__}).")
    if found is None:
        return skipped("there are no credentials for Twilio in .env")
    return ok("Twilio accepts the credentials.")


@check(
    id="twilio.trunk",
    needs=("twilio.account",),
    title="trunk, origination URI and numbers at Twilio are what the settings say",
    cure="docker compose run --rm bootstrap show names each difference, and make up makes it right.",
)
async def trunk(world: World) -> Finding:
    found = await world.once("twilio", lambda: world.ask_twilio(world.given, world.lines))
    if found:
        return fail(f"Twilio's side differs from the settings in {len(found)} things, so calls may go elsewhere.")
    return ok("Twilio's side is what the settings say.")

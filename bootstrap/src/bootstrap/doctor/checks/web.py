"""Caddy, which serves HTTPS to browsers and keeps the certificate. No phone call depends on it."""

import ssl

from bootstrap.doctor.finding import Finding, check, fail, ok, skipped, warn
from bootstrap.doctor.running import CURE, running
from bootstrap.doctor.world import World

DAY = 86_400  # seconds
LEAST_DAYS = 14  # Caddy renews a month before the end
RENEWED_BY = (
    "It is renewed only if port 80 or 443 is reached from everywhere: docker compose logs caddy says what failed."
)


@check(id="web.running", needs=("host.engine",), title="Caddy is up", cure=CURE)
async def caddy(world: World) -> Finding:
    return running(world, "caddy")


@check(id="web.desk", needs=("host.engine",), title="the desk is up", cure=CURE)
async def desk(world: World) -> Finding:
    return running(world, "desk")


@check(
    id="web.https",
    needs=("web.running", "server.answers"),
    title="HTTPS leads to the media server",
    cure="docker compose logs caddy says why. If DOMAIN in .env was changed, run make up.",
)
async def https(world: World) -> Finding:
    status = await world.outside.https(world.places.https, world.facts.get("SITE") or "localhost")
    if " 200" in status:
        return ok("HTTPS leads to the media server.")
    return fail(f"HTTPS is answered with {status!r} instead of 200." if status else "HTTPS is not answered.")


@check(
    id="web.certificate",
    needs=("web.running", "network.dns"),
    title="the certificate is one that browsers trust, for the name in DOMAIN",
    cure=RENEWED_BY,
)
async def certificate(world: World) -> Finding:
    site = world.facts.get("SITE")
    try:
        await world.outside.certificate(world.places.https, site)
    except ssl.SSLCertVerificationError as error:
        why = error.verify_message.replace(f"'{site}'", "the name in DOMAIN").rstrip(".")
        return fail(f"No browser would trust the certificate: {why}.")
    except (OSError, TimeoutError):
        return fail("There is no certificate for the name in DOMAIN.")
    return ok("Browsers trust the certificate.")


@check(
    id="web.certificate_days",
    needs=("web.certificate",),
    title="the certificate does not end soon",
    cure=RENEWED_BY,
)
async def certificate_days(world: World) -> Finding:
    its = await world.outside.certificate(world.places.https, world.facts.get("SITE"))
    days = (its.ends - world.now) / DAY
    sentence = f"The certificate ends in {days:.0f} days."
    return warn(sentence) if days < LEAST_DAYS else ok(sentence)


@check(
    id="web.certificate_store",
    needs=("web.running",),
    title="certificates are kept on a volume",
    cure="Run make up, and do not delete the volume caddy: Let's Encrypt refuses too many certificates in a week.",
)
async def certificate_store(world: World) -> Finding:
    match world.facts.get("CERTIFICATES"):
        case "":
            return skipped("Caddy could not be asked")
        case "no":
            return warn("No certificate is kept, so the next start has to ask for one.")
    return ok("Caddy keeps its certificates on a volume.")

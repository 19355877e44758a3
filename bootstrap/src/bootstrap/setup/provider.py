"""Whether a server with OpenAI's API takes a key."""

import aiohttp

OPENAI = "https://api.openai.com/v1"
SECONDS = 10
REFUSED = (401, 403)


class KeyDoubtError(Exception):
    """The key could not be checked; the sentence completes "OPENAI_API_KEY …" and does not hold the key."""


class Providers:
    """Asks a server for the list of its models, which costs nothing."""

    async def check_key(self, base_url: str, key: str) -> None:
        """Ask the server at `base_url` (empty: OpenAI's) whether it takes `key`.

        Raises:
            ValueError: it refuses the key; completes "OPENAI_API_KEY …".
            KeyDoubtError: it does not answer as expected.
        """
        url = (base_url or OPENAI).rstrip("/")
        timeout = aiohttp.ClientTimeout(total=SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, trust_env=True) as session,
                session.get(f"{url}/models", headers={"Authorization": f"Bearer {key}"}) as answer,
            ):
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise KeyDoubtError(f"could not be checked, since {url} does not answer ({type(error).__name__})") from None
        if status in REFUSED:
            raise ValueError(f"was refused by {url} ({status}); enter a key that is complete and has not been revoked")
        if status != 200 and not (base_url and status == 404):  # another server may have no list of models
            raise KeyDoubtError(f"could not be checked, since {url} answers with {status}")

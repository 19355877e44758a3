"""A proxy that the container was given is for the world outside: the media server is asked directly.

Docker puts the proxies of its client's configuration into every container, and compose.yaml puts the names of our own
services into NO_PROXY. The worker's connection and the media SDK's use HTTP_PROXY and HTTPS_PROXY without regard to
NO_PROXY. They do not know ALL_PROXY, which httpx2 uses for the providers, and with regard to NO_PROXY.
"""

import os
import urllib.request
from urllib.parse import urlsplit

OF_A_SCHEME = ("https_proxy", "http_proxy")
OF_ALL = "ALL_PROXY"


def ask_the_server_directly(livekit_url: str) -> None:
    """Leave a proxy to the providers alone, in this process and those that it starts.

    Nothing changes if NO_PROXY does not have the media server's host, since it may be outside.
    """
    host = urlsplit(livekit_url).hostname or ""
    if not urllib.request.proxy_bypass_environment(host):  # type: ignore[attr-defined]  # typeshed lacks it
        return
    for scheme in OF_A_SCHEME:
        for name in (scheme, scheme.upper()):
            if proxy := os.environ.pop(name, ""):
                os.environ.setdefault(OF_ALL, proxy)

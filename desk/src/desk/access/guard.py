"""The middleware in front of every page: who is asking, whether they may, and the headers of each answer."""

import hmac
from urllib.parse import urlencode

from starlette.datastructures import URL, FormData, Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from desk.access.sessions import COOKIE, LASTS, Session, Sessions
from desk.problem import Problem

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data: blob:; "
    "media-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Robots-Tag": "noindex",
}
OPEN = ("/", "/sign-in", "/health-of-desk", "/metrics")  # Caddy does not pass on the last two
STATIC, TALK = "/static/", "/talk"
CHANGES_NOTHING = ("GET", "HEAD", "OPTIONS")
TOKEN_HEADER, TOKEN_FIELD = "X-CSRF-Token", "csrf_token"
LARGEST = 4_000_000  # bytes of a request: all the files of a line are sent together
LARGEST_OF_A_STRANGER = 10_000  # who sends a password, or the name of a line


class Guard:
    """Gives each request `state.session`, and lets it pass if its sender may do what it asks for."""

    def __init__(self, app: ASGIApp, sessions: Sessions, *, anybody_talks: bool) -> None:
        self._app, self._sessions, self._anybody_talks = app, sessions, anybody_talks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        session = self._sessions.read(request.cookies.get(COOKIE))
        scope.setdefault("state", {})["session"] = session
        scope["state"]["csrf"] = self._sessions.csrf(session)
        answer = self._refusal(request, session)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add_headers(MutableHeaders(scope=message), scope["path"], session)
            await send(message)

        most = LARGEST if session.is_operator else LARGEST_OF_A_STRANGER
        await (answer or self._app)(scope, _counted(receive, most), send_with_headers)

    def _refusal(self, request: Request, session: Session) -> Response | None:
        path = request.url.path
        is_open = (
            path in OPEN
            or path.startswith(STATIC)
            or (self._anybody_talks and (path == TALK or path.startswith(f"{TALK}/")))
        )
        if is_open or session.is_operator:
            return None
        if _wants_a_page(request.headers):
            status = 307 if request.method in CHANGES_NOTHING else 303  # the form itself is not sent again
            return RedirectResponse(f"/sign-in?{urlencode({'after': _page_of(request)})}", status)
        sentence = "Sign in first: this session has ended."
        if "application/json" in request.headers.get("accept", ""):
            return JSONResponse({"error": sentence}, 401)
        return PlainTextResponse(sentence, 401)

    def _add_headers(self, headers: MutableHeaders, path: str, session: Session) -> None:
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        if path.startswith(STATIC):
            headers.setdefault("Cache-Control", "no-cache")  # so that a new release's pages get its scripts
            return
        headers.setdefault("Cache-Control", "no-store")
        if session.is_new and "set-cookie" not in headers:
            headers.append("Set-Cookie", cookie_of(self._sessions, session))


def _counted(receive: Receive, most: int) -> Receive:
    """Read a request up to `most` bytes, whatever length it announces, if any."""
    read = 0

    async def receive_and_count() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > most:
            raise Problem(413, f"The form has more than {most} bytes.")
        return message

    return receive_and_count


def _page_of(request: Request) -> str:
    """Return the page that is asked for, or, of a form that was sent, the page that it is on."""
    asked = request.url
    if request.method not in CHANGES_NOTHING:
        form = URL(request.headers.get("referer", ""))
        try:
            if form.netloc != request.headers.get("host") or not form.path.startswith("/"):
                return ""
        except ValueError:  # it is no address
            return ""
        asked = form
    return asked.path + (f"?{asked.query}" if asked.query else "")


def _wants_a_page(headers: Headers) -> bool:
    return "text/html" in headers.get("accept", "") and "hx-request" not in headers


def cookie_of(sessions: Sessions, session: Session) -> str:
    """Return the header that gives a browser its session."""
    return f"{COOKIE}={sessions.written(session)}; Path=/; Max-Age={LASTS}; Secure; HttpOnly; SameSite=Strict"


async def checked_form(request: Request) -> FormData:
    """Read the form of a request that changes something, and check that a page of ours has sent it.

    Every handler of such a request calls this or `check_token` first.

    Raises:
        Problem: 403, the token is missing or another session's; 413, the form is too large.
    """
    form = await request.form(max_part_size=LARGEST)
    _check(request, request.headers.get(TOKEN_HEADER) or str(form.get(TOKEN_FIELD, "")))
    return form


def check_token(request: Request) -> None:
    """Check a request without a form, whose token is in its header; raises as `checked_form` does."""
    _check(request, request.headers.get(TOKEN_HEADER, ""))


def _check(request: Request, given: str) -> None:
    if not hmac.compare_digest(given.encode(), str(request.state.csrf).encode()):
        raise Problem(403, "This page is older than your session. Load it again, then repeat what you did.")

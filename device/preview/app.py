"""The preview's routes: the page, the live feed, login, health, metrics."""

import asyncio
import base64
import re
from hashlib import sha256
from importlib import resources
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from device.preview import protocol
from device.preview.access import COOKIE, Access, same_origin
from device.preview.hub import Hub
from device.preview.metrics import CONTENT_TYPE, Metrics
from device.preview.throttle import Throttle

STALE = 10.0
"""Seconds without a frame after which `/healthz` reports status 503."""

_BODY_TIMEOUT = 5.0  # seconds in which the body of a login form must arrive
_MONTH = 30 * 24 * 3600
_MAX_LOGIN_BYTES = 4096
_POLICY_VIOLATION, _TRY_LATER = 1008, 1013  # codes of closed WebSockets (RFC 6455, IANA)


def build(hub: Hub, access: Access, throttle: Throttle | None = None) -> Starlette:
    """Build the application.

    Args:
        hub: source of the frames and statistics.
        access: authorizes requests.
        throttle: delays responses to wrong tokens; None for the default.

    Returns:
        An ASGI application.
    """
    page, login_page = _Page("page.html"), _Page("login.html")

    metrics_of = Metrics(hub)
    slow = throttle or Throttle()

    async def refusal(request: HTTPConnection) -> int:
        """Status of a refused request, 401 or 429; 0 if it is authorized."""
        guesses = "authorization" in request.headers
        address = _address(request)
        if guesses and slow.blocks(address):
            return 429
        if access.authorizes(request):
            return 0
        if guesses:
            await slow.fail(address)
        return 401

    async def home(request: Request) -> Response:
        refused = await refusal(request)
        if refused == 429:
            return _too_many()
        return login_page.response(status=401) if refused else page.response()

    async def login(request: Request) -> Response:
        if not same_origin(request.headers):
            return PlainTextResponse("use the login page\n", 403)
        address = _address(request)
        if slow.blocks(address):
            return _too_many()
        form = parse_qs((await _body(request)).decode("utf-8", "replace"))
        if not access.accepts_token(form.get("token", [""])[0].strip()):
            await slow.fail(address)
            return login_page.response(status=401, wrong=True)
        response = Response(status_code=303, headers={"Location": "/"})
        response.set_cookie(
            COOKIE, access.session, max_age=_MONTH, httponly=True, samesite="strict"
        )
        return response

    async def live(socket: WebSocket) -> None:
        if not same_origin(socket.headers) or await refusal(socket):
            await socket.close(_POLICY_VIOLATION)
            return
        if hub.viewers >= protocol.max_viewers():
            await socket.close(_TRY_LATER)
            return
        await socket.accept()
        second = -1
        with hub.watching():
            try:
                while True:
                    await socket.receive_text()  # the viewer requests another frame
                    message, second = await hub.message(second)
                    await socket.send_bytes(message)
            except WebSocketDisconnect:
                return

    async def metrics(request: Request) -> Response:
        refused = await refusal(request)
        if refused == 429:
            return _too_many()
        if refused:
            return PlainTextResponse("give the token: Authorization: Bearer TOKEN\n", 401)
        return Response(metrics_of.text(), media_type=CONTENT_TYPE)

    async def health(_: Request) -> Response:
        age = hub.statistics.age()
        well = age < STALE
        return JSONResponse(
            {"status": "ok" if well else "stale", "last_frame_age_seconds": round(age, 1)},
            status_code=200 if well else 503,
        )

    return Starlette(
        routes=[
            Route("/", home),
            Route("/login", login, methods=["POST"]),
            WebSocketRoute("/live", live),
            Route("/metrics", metrics),
            Route("/healthz", health),
        ]
    )


class _Page:
    """An HTML file of this package with inline style and script.

    The content security policy allows only these two, by their digests, so that text from a camera
    name or a model can never be executed.
    """

    def __init__(self, name: str) -> None:
        self._html = resources.files("device.preview").joinpath(name).read_text("utf-8")
        self._headers = {
            "Content-Security-Policy": (
                f"default-src 'none'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
                f"frame-ancestors 'none'; img-src data:; script-src {self._digests('script')}; "
                f"style-src {self._digests('style')}"
            ),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Cache-Control": "no-store",
        }

    def response(self, *, status: int = 200, wrong: bool = False) -> Response:
        html = self._html.replace('data-wrong="no"', 'data-wrong="yes"') if wrong else self._html
        return HTMLResponse(html, status, self._headers)

    def _digests(self, tag: str) -> str:
        blocks = re.findall(rf"<{tag}>(.*?)</{tag}>", self._html, re.DOTALL)
        digests = (base64.b64encode(sha256(block.encode()).digest()).decode() for block in blocks)
        return " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"


async def _body(request: Request) -> bytes:
    """Read a short body; returns an empty one if it is too long or too slow."""
    content = b""
    try:
        async with asyncio.timeout(_BODY_TIMEOUT):
            async for chunk in request.stream():
                content += chunk
                if len(content) > _MAX_LOGIN_BYTES:
                    return b""
    except TimeoutError:
        return b""
    return content


def _address(request: HTTPConnection) -> str:
    return request.client.host if request.client else ""


def _too_many() -> Response:
    return PlainTextResponse("one attempt a second\n", 429, {"Retry-After": "1"})

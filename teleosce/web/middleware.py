"""Around every handler: faults said plainly, safe headers, no cross-site writes, and the one permission check."""

import time
from urllib.parse import quote, urlsplit

import structlog
from aiohttp import web
from prometheus_client import Counter, Histogram

from teleosce.core.errors import Fault, Forbidden, Invalid, NotFound, SignInNeeded, Unavailable
from teleosce.core.ids import new_id
from teleosce.people import plain
from teleosce.web import sessions
from teleosce.web.context import PRINCIPAL, rooms
from teleosce.web.patience import begun
from teleosce.web.rendering import as_built, fault_page
from teleosce.web.routing import TABLE, Access, Handler

log = structlog.get_logger(__name__)

REQUESTS = Counter("teleosce_http_requests", "Requests answered.", ["method", "status"])
SECONDS = Histogram("teleosce_http_seconds", "Time to the beginning of an answer, in seconds.")

RETRY_AFTER_S = "2"
"""When to ask again after 503: pages keep what they have and do so by themselves."""

SAFE = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "media-src 'self' blob:; connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
FOREVER = "public, max-age=31536000, immutable"
OVER_TLS = {"Strict-Transport-Security": "max-age=31536000"}
LONGEST_NAME = 255
GONE = 499
"""Counted when whoever asked went before the answer: it reaches nobody. The number is nginx's."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_BEGAN = web.RequestKey("began", float)
_ANSWER = web.RequestKey("answer", web.StreamResponse)
"""What was begun to be sent."""


@web.middleware
async def faults(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turns a Fault into its status and sentence, and anything else into 500 with a reference."""
    request[_BEGAN] = time.monotonic()
    try:
        response = await handler(request)
    except Exception as error:
        answer, reference = request.get(_ANSWER), new_id()[:8]
        plainly = answer is None and isinstance(error, Fault | web.HTTPException)
        if not (plainly or _gone(request, error)):
            log.exception("a handler failed", path=_shape(request), reference=reference, cut=answer is not None)
        response = _instead(request, error, reference) if answer is None else _cut(request, answer)
    # A method is the client's own word: each would be a series of its own for as long as the server runs.
    REQUESTS.labels(request.method if request.method in METHODS else "other", response.status).inc()
    return response


def _instead(request: web.Request, error: Exception, reference: str) -> web.StreamResponse:
    if isinstance(error, web.HTTPException):
        return error if error.status < 400 else _said(request, _of_http(error))
    if _gone(request, error):
        return web.Response(status=GONE)
    return _said(request, error if isinstance(error, Fault) else _Defect(reference))


def _cut(request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    """Ends an answer that was begun: a second one would stand in its middle, as if it were a part of it."""
    if request.transport is not None:
        request.transport.abort()
    return answer


def _gone(request: web.Request, error: Exception) -> bool:
    there = request.transport is not None and not request.transport.is_closing()
    return isinstance(error, ConnectionError) and not there


async def safe(request: web.Request, response: web.StreamResponse) -> None:
    """Gives every response its safe headers just before it is sent, also one that its handler sends by itself."""
    if (began := request.get(_BEGAN)) is not None:
        SECONDS.observe(time.monotonic() - began)
    request[_ANSWER] = response
    more = OVER_TLS if sessions.over_tls(request) else {}
    for name, value in (SAFE | more).items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "teleosce"  # aiohttp has put its own there by now


async def lasting(request: web.Request, response: web.StreamResponse) -> None:
    """Lets a browser keep a file for good whose address changes with its contents. Its tag is known on prepare."""
    if response.status < 400 and response.etag is not None and as_built(request.path, response.etag.value):
        response.headers["Cache-Control"] = FOREVER


class _Defect(Fault):
    status = 500
    default_code = "defect"

    def __init__(self, reference: str) -> None:
        super().__init__(
            "Something went wrong on our side. What was saved before is kept. Try again; if it stays so, tell the "
            f"organiser this reference: {reference}.",
            details=reference,
        )


class _OfStatus(Fault):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message, code=f"http-{status}")
        self.status = status


def _of_http(known: web.HTTPException) -> Fault:
    if known.status == 404:
        return NotFound("There is no such page. Check the address, or open your link again.")
    if known.status == 405:
        return _OfStatus(405, "This cannot be done at this address.")
    if known.status == 413:
        return _OfStatus(413, "That is more than can be taken in one piece. Nothing was changed.")
    return _OfStatus(known.status, known.reason)


def _said(request: web.Request, fault: Fault) -> web.Response:
    if request.path.startswith(("/api/", "/media/", "/ws")):
        error: dict[str, object] = {"code": fault.code, "message": fault.message}
        if fault.details is not None:
            error["details"] = fault.details
        headers = {"Cache-Control": "no-store"}
        if fault.status == Unavailable.status:
            headers["Retry-After"] = RETRY_AFTER_S
        return web.json_response({"error": error}, status=fault.status, headers=headers)
    if isinstance(fault, SignInNeeded) and request.method == "GET" and fault.code == SignInNeeded.default_code:
        return web.Response(
            status=303, headers={"Location": f"/sign-in?next={quote(request.path_qs, errors='replace')}"}
        )
    return fault_page(request, fault)


def _shape(request: web.Request) -> str:
    """The route's pattern and not the path: a path can hold what a log should not."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "?"


@web.middleware
async def same_site(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses writes that another site's page makes in the name of the person (Fetch Metadata, then Origin)."""
    if request.method not in ("GET", "HEAD", "OPTIONS") or request.headers.get("Upgrade", "").lower() == "websocket":
        site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
        allowed = site in ("same-origin", "none") if site else origin is None or _ours(request, origin)
        if not allowed:
            raise Forbidden("This request came from another site's page and was refused. Nothing was changed.")
    return await handler(request)


def _ours(request: web.Request, origin: str) -> bool:
    """Whether a page of this origin is ours; behind a proxy the Host may be another than people see."""
    try:
        host = urlsplit(origin).netloc
    except ValueError:
        return False
    return bool(host) and host in (request.host, urlsplit(rooms(request).settings.public_url or "").netloc)


@web.middleware
async def readable(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses an address that is no text, holds NUL or is endless: nothing of ours has such a name, and neither a
    database nor a file system takes it.
    """
    names = tuple(request.match_info.values())
    parts = (*names, *request.query.keys(), *request.query.values())
    strange = any(plain(part) != part for part in parts) or not request.path_qs.isascii()
    if strange or any(len(name) > LONGEST_NAME for name in names):
        raise NotFound("There is no such page. Check the address, or open your link again.")
    try:
        _ = request.if_modified_since, request.if_unmodified_since, request.if_range
    except OverflowError:  # aiohttp reads these dates when nobody can answer for them any more
        raise Invalid("The request names a date that cannot be.") from None
    return await handler(request)


@web.middleware
async def permission(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Looks up who asks and whether their role may; a handler then checks whether it is theirs."""
    route = request.app[TABLE].get(request.match_info.handler)
    if route is not None and route.needs is not Access.anyone:
        request[PRINCIPAL] = await sessions.who(request, route.needs)
    return await handler(request)


ALL = [begun, faults, readable, same_site, permission]

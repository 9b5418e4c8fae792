"""Who asks: session cookies, one for each role.

A cookie for each role lets one browser hold, say, an organiser's and a candidate's tab without one putting
the other in the wrong room. A page says which it is by the header `Teleosce-Role` (or `?role=` where no
header can be sent); without it the first session that may do the thing asked for counts.
"""

from aiohttp import web

from teleosce.core.errors import Fault, Forbidden, SignInNeeded
from teleosce.people import Permission, Principal, Role
from teleosce.web.context import rooms
from teleosce.web.routing import Access

HEADER = "Teleosce-Role"


def cookie_name(role: Role) -> str:
    """The session cookie of a role."""
    return f"teleosce-{role.value}"


def over_tls(request: web.Request) -> bool:
    """Whether people reach this server by TLS. Behind a proxy the request itself may come in the clear."""
    return request.secure or (rooms(request).settings.public_url or "").startswith("https://")


def keep(response: web.StreamResponse, request: web.Request, role: Role, token: str) -> None:
    """Hands the session to the browser. Lax, so that a link in a mail still opens as the person."""
    response.set_cookie(
        cookie_name(role),
        token,
        httponly=True,
        samesite="Lax",
        secure=over_tls(request),
        path="/",
        max_age=16 * 3600,
    )


def forget(response: web.StreamResponse, role: Role) -> None:
    """Takes the session from the browser."""
    response.del_cookie(cookie_name(role), path="/")


def token_of(request: web.Request, role: Role) -> str | None:
    """The session token that this browser holds for a role."""
    return request.cookies.get(cookie_name(role))


async def who(request: web.Request, needs: Permission | Access) -> Principal:
    """The principal of a request. Raises SignInNeeded, with the reason a session ended, or Forbidden."""
    asked = _roles_asked(request)
    ended: Fault | None = None
    found: Principal | None = None
    for role in asked:
        token = token_of(request, role)
        if token is None:
            continue
        try:
            principal = await rooms(request).people.principal(token)
        except SignInNeeded as fault:
            ended = ended or fault
            continue
        if needs is Access.signed_in or (isinstance(needs, Permission) and principal.may(needs)):
            return principal
        found = found or principal
    if found is not None:
        raise Forbidden(f"Signed in as {found.name}, you may not see or do this. If you should, ask the organiser.")
    raise ended or SignInNeeded("You are not signed in. Open your link again, or sign in.")


def _roles_asked(request: web.Request) -> list[Role]:
    name = request.headers.get(HEADER, request.query.get("role") or None)
    if name is None:
        return list(Role)
    try:
        return [Role(name)]
    except ValueError:
        raise Forbidden("There is no such role.") from None

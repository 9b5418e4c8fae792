"""Credentials of those who passed, for themselves and the organiser; and for anybody, whether one holds."""

import asyncio

from aiohttp import web

from teleosce.core.errors import NotFound
from teleosce.core.ids import is_id
from teleosce.core.signing import signing_key
from teleosce.people import Permission
from teleosce.reports import Credentials
from teleosce.reports.exports.open_badge import LIST_S, address_of, issuer_of, name_of
from teleosce.web.access import exam_of, oversees, seat_of
from teleosce.web.context import Rooms, principal, rooms
from teleosce.web.feedback import own_seat, when
from teleosce.web.rendering import page
from teleosce.web.routing import Access, Route, answer

JWT = "application/vc+jwt"


KEPT_MS = 30_000
"""For so long the list of revoked credentials is not made anew, whoever asks."""


class StatusList:
    """The signed list as it was made last: it takes a look at every result that was released, so it is made seldom."""

    def __init__(self) -> None:
        self._lock, self._made = asyncio.Lock(), ("", "", 0)

    async def token(self, house: Rooms, base: str) -> str:
        """It, made anew when it is old; who asks meanwhile waits for the same."""
        async with self._lock:
            token, of, until_ms = self._made
            now_ms = house.clock.now_ms()
            if of != base or now_ms >= until_ms:
                token = await credentials_of(house).status_list(base)
                self._made = (token, base, now_ms + KEPT_MS)
            return token


STATUS_LIST: web.AppKey[StatusList] = web.AppKey("credentials", StatusList)


def credentials_of(house: Rooms) -> Credentials:
    """Credentials for passed exams."""
    return Credentials(
        house.database,
        house.clock,
        house.settings.data,
        exams=house.exams,
        people=house.people,
        results=house.results,
        school=house.settings.school,
    )


def base_of(house: Rooms) -> str:
    """What all ids of credentials begin with: never what a request calls this server, as anybody can make that up.

    Raises NotFound where it is not set.
    """
    if not house.settings.public_url:
        raise NotFound(
            "This server issues no credentials. Nothing was changed: ask the organiser to have public_url set to the "
            "address that people reach, as every credential holds it for good."
        )
    return house.settings.public_url.rstrip("/")


async def own(request: web.Request) -> web.Response:
    """A candidate's own credential, as a file to keep."""
    house, who = rooms(request), principal(request)
    token = await credentials_of(house).token(await own_seat(house, who), base_of(house), who)
    return _file(token, "credential.jwt")


async def of_exam(request: web.Request) -> web.Response:
    """What was issued for an exam; without addresses where none is set."""
    house, exam_id = rooms(request), exam_of(request, oversees)
    base = base_of(house) if house.settings.public_url else None
    return answer(
        {
            "credentials": [
                {"seat": one.seat.id, "number": one.seat.number, "at_ms": one.issued.at_ms, "state": one.state}
                | {"url": base and address_of(base, one.issued.id)}
                for one in await credentials_of(house).of_exam(exam_id)
            ]
        }
    )


async def of_seat(request: web.Request) -> web.Response:
    """A candidate's credential, for the organiser to hand on."""
    house, exam_id = rooms(request), exam_of(request, oversees)
    seat = await seat_of(house, exam_id, request.match_info["seat"])
    token = await credentials_of(house).token(seat, base_of(house), principal(request))
    return _file(token, f"{seat.number or seat.id}.jwt")


async def look(request: web.Request) -> web.Response:
    """Whether a credential holds. Says no more than is in it, and of one that does not hold, nothing."""
    house, said = rooms(request), request.match_info["credential"]
    found = await credentials_of(house).standing(said) if is_id(said) else None
    state = found.state if found else "unknown"
    shown = found if found and found.state == "valid" else None
    return page(
        request,
        "credential.html",
        200 if found else 404,
        state=state,
        holder=shown.seat.name if shown else "",
        exam=shown.exam.title if shown else "",
        since=when(shown.issued.at_ms, shown.exam.zone) if shown else "",
        issuer=name_of(house.settings.public_url or "", house.settings.school) if shown else "",
    )


async def status(request: web.Request) -> web.Response:
    """The signed list of revoked credentials (Bitstring Status List 1.0)."""
    house = rooms(request)
    token = await request.app[STATUS_LIST].token(house, base_of(house))
    return web.Response(text=token, content_type=JWT, headers={"Cache-Control": f"public, max-age={LIST_S}"})


async def issuer(request: web.Request) -> web.Response:
    """Who issues, with the key that signs."""
    house = rooms(request)
    base = base_of(house)
    key = await asyncio.to_thread(signing_key, house.settings.data)
    content = issuer_of(base, key.public, house.settings.school)
    return web.json_response(content, headers={"Cache-Control": "public, max-age=3600"})


def _file(token: str, name: str) -> web.Response:
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{_plain(name)}"'}
    return web.Response(text=token, content_type=JWT, headers=headers)


def _plain(name: str) -> str:
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in ".-") else "-" for letter in name)


_BASE = "/api/exams/{exam}/results/credentials"
ROUTES = [
    Route("GET", "/api/credential", own, Permission.read_feedback, "One's own credential", gives=(JWT,)),
    Route("GET", _BASE, of_exam, Permission.export_data, "The credentials of an exam"),
    Route("GET", _BASE + "/{seat}.jwt", of_seat, Permission.export_data, "A candidate's credential", gives=(JWT,)),
    Route("GET", "/credentials/status", status, Access.anyone, "The list of revoked credentials"),
    Route("GET", "/credentials/issuer", issuer, Access.anyone, "Who issues credentials"),
    Route("GET", "/credentials/{credential}", look, Access.anyone, "Whether a credential holds"),
]

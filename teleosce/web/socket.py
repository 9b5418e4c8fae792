"""The WebSocket of a page: what it may say, and how often."""

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from teleosce.core.errors import Conflict, Fault, Invalid
from teleosce.exams import Encounter, Phase
from teleosce.people import Permission, Role, plain
from teleosce.rtc import Ticket, ice_servers
from teleosce.web.access import observed_encounter, watches
from teleosce.web.context import Rooms, principal, rooms
from teleosce.web.hub import TICKET_MS, Connection, Hub
from teleosce.web.place import LIVE, seats_of
from teleosce.web.routing import Access, Route

log = structlog.get_logger(__name__)

LONGEST = 16 * 1024
PER_SECOND = 30
RECEIVE_SLOTS = 5
HEARTBEAT_S = 15.0
"""Between pings; a page that answers none for half of it is gone."""

HELP_EVERY_S = 2.0
"""A seat's calls for help are passed on no faster, so that nobody drowns the organiser's page."""

CALL = "I need help."
"""What stands for a call without words."""

MOST = 2**53
"""Whole numbers beyond this are none in a page."""
HUB: web.AppKey[Hub] = web.AppKey("hub", Hub)


class Pace:
    """How many messages came in the present second (a window that starts with its first message)."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._since = 0.0
        self._count = 0

    def allows(self, now: float) -> bool:
        """Counts one more message at `now`, in seconds."""
        if now - self._since >= 1:
            self._since, self._count = now, 0
        self._count += 1
        return self._count <= self.most


async def socket(request: web.Request) -> web.WebSocketResponse:
    """One page's connection, from its welcome to its goodbye."""
    # Pings are answered in `_listen`, where they count: a flood of them is a flood.
    ws = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=LONGEST, compress=False, autoping=False)
    hub = request.app[HUB]
    connection = Connection(principal(request), ws)
    # Before the connection is made: a refusal afterwards would have nowhere to go.
    await _watch(rooms(request), connection, request.query)
    await ws.prepare(request)
    connection.post(_welcome(rooms(request), connection) | {"boot": hub.boot})
    async with hub.joined(connection):
        await _listen(rooms(request), hub, connection)
    return ws


async def _watch(house: Rooms, connection: Connection, query: Mapping[str, str]) -> None:
    """A page names the exam whose day it shows, or the encounter that it looks in on."""
    if "encounter" in query:
        connection.observes = (await observed_encounter(house, connection.principal, query["encounter"])).room
        return
    exam_id = query.get("exam") or connection.principal.exam_id
    if exam_id and watches(connection.principal, exam_id):
        connection.watches = (await house.exams.exam(exam_id)).id


def _welcome(house: Rooms, connection: Connection) -> dict[str, Any]:
    who = connection.principal
    return {
        "type": "welcome",
        "you": {"seat": who.seat_id, "name": who.name, "role": who.role.value},
        "now_ms": house.clock.now_ms(),
    }


async def _listen(house: Rooms, hub: Hub, connection: Connection) -> None:
    pace = Pace(PER_SECOND)
    async for message in connection.socket:
        if not pace.allows(time.monotonic()):
            log.warning("a page sends too much and was let go", seat=connection.principal.seat_id)
            await connection.socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"too many messages")
        elif message.type is WSMsgType.PING:
            await connection.socket.pong(message.data)
        elif message.type is WSMsgType.PONG:
            continue
        elif message.type is not WSMsgType.TEXT:
            await connection.socket.close(code=WSCloseCode.UNSUPPORTED_DATA)
        else:
            await _heard(house, hub, connection, message.data)


async def _heard(house: Rooms, hub: Hub, connection: Connection, text: str) -> None:
    try:
        said = _read(text)
        handler = HEARD.get(str(said.get("type")))
        if handler is None:
            raise Invalid("There is no such message.")
        await handler(house, hub, connection, said)
    except Fault as fault:
        connection.post({"type": "notice", "level": "error", "text": fault.message, "code": fault.code})
    except Exception:
        log.exception("a message failed")
        connection.post({"type": "notice", "level": "error", "text": "That did not work. Nothing was lost."})


def _read(text: str) -> dict[str, Any]:
    """A message. What we pass on of it must be JSON again: no NaN, no lone surrogate."""
    try:
        said = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise Invalid("A message could not be read.", code="message") from None
    if not isinstance(said, dict):
        raise Invalid("A message is a JSON object.", code="message")
    return said


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _number(value: object) -> float | None:
    """A finite number of a size that a page can hold, or None: a stranger's `1e999` is infinite."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -MOST <= value <= MOST:
        return None
    return value


async def _ping(house: Rooms, _hub: Hub, connection: Connection, said: dict[str, Any]) -> None:
    connection.post({"type": "pong", "at": _number(said.get("at")), "now_ms": house.clock.now_ms()})


async def _ticket(house: Rooms, hub: Hub, connection: Connection, said: dict[str, Any]) -> None:
    await hub.let_go([connection])
    if connection.final is not None:
        return
    if said.get("purpose") == "observe":
        await _listening(house, connection)
        return
    who = connection.principal
    if who.seat_id is None or not who.may(Permission.join_encounter):
        raise Invalid("Only candidates, patients and examiners who speak take part in the call.")
    if not await house.people.has_consented(who.seat_id):
        raise Conflict("Before camera and microphone are used, please open your link and read the consent text.")
    room = f"check-{who.seat_id}"
    if said.get("purpose") != "check":
        encounter = await _called_to(house, connection)
        if encounter is None or encounter.phase not in LIVE or who.seat_id not in encounter.people:
            raise Conflict(
                "There is no call at this moment. The page connects by itself when there is.", code="no-call"
            )
        room = encounter.id
    _issue(house, connection, room, publish=True)


async def _called_to(house: Rooms, connection: Connection) -> Encounter | None:
    """Where the call is: at the encounter that the page is about, or wherever the seat should be now."""
    if connection.observes is not None:
        return await observed_encounter(house, connection.principal, connection.observes)
    seat_id = connection.principal.seat_id or ""
    mine = await house.exams.of_seat(seat_id)
    return next((one for one in mine if one.phase in LIVE and seat_id in one.people), None)


async def _listening(house: Rooms, connection: Connection) -> None:
    """For a page that looks in: it sees and hears, sends nothing, and is shown to those in the room."""
    if connection.observes is None:
        raise Invalid("This page does not look in on an encounter.")
    encounter = await observed_encounter(house, connection.principal, connection.observes)
    if encounter.phase not in LIVE:
        raise Conflict("Nobody is in this room at this moment.", code="no-call")
    await house.people.record(connection.principal, "encounter.observe", encounter.id, {})
    _issue(house, connection, encounter.id, publish=False)


def _issue(house: Rooms, connection: Connection, room: str, *, publish: bool) -> None:
    now = house.clock.now_ms()
    ticket = Ticket(
        room=room,
        participant=connection.person,
        name=connection.principal.name,
        publish=publish,
        subscribe=True,
        expires_ms=now + TICKET_MS,
    )
    connection.post(
        {
            "type": "ticket",
            "url": "/api/media/offer",
            "ticket": ticket.sign(house.secret),
            "expires_ms": ticket.expires_ms,
            "ice_servers": ice_servers(house.settings, connection.person, now),
            "receive_slots": RECEIVE_SLOTS,
        }
    )


_FLAGS = ("sending", "receiving")
_FIGURES = ("round_trip_ms", "loss", "level_db")
_DEVICE = ("on", "frozen", "off", "none")


async def _health(house: Rooms, hub: Hub, connection: Connection, said: dict[str, Any]) -> None:
    if connection.principal.seat_id:
        flags: dict[str, Any] = {name: said[name] for name in _FLAGS if isinstance(said.get(name), bool)}
        figures = {name: _number(said.get(name)) for name in _FIGURES}
        hub.health[connection.principal.seat_id] = flags | {
            name: value for name, value in figures.items() if value is not None
        }
        microphone, camera = (said[name] if said.get(name) in _DEVICE else "on" for name in ("microphone", "camera"))
        hears = said["hears"] if isinstance(said.get("hears"), bool) else None
        if house.watching.devices(connection.principal.seat_id) != (microphone, camera):
            hub.changed()
        house.watching.told(connection.principal.seat_id, microphone, camera, hears)


async def _stimulus(house: Rooms, hub: Hub, connection: Connection, said: dict[str, Any]) -> None:
    who = connection.principal
    if who.role is not Role.standardized_patient or who.seat_id is None:
        raise Invalid("Only the patient shows material to the candidate.")
    encounter = await house.exams.where_now(who.seat_id)
    if encounter is None or encounter.phase is not Phase.encounter:
        raise Conflict("Material can be shown while the consultation runs.")
    await _show(house, hub, encounter, str(said.get("id")), shown=bool(said.get("shown")))


async def _show(house: Rooms, hub: Hub, encounter: Encounter, stimulus: str, *, shown: bool) -> None:
    version = await house.stations.get(encounter.station_hash)
    if stimulus not in [one.id for one in version.stimuli]:
        raise Invalid("This station has no such material.")
    await house.exams.show_stimulus(encounter.id, stimulus, shown=shown)
    now_shown = await house.exams.shown_stimuli(encounter.id)
    for seat_id in seats_of(encounter):
        hub.send(seat_id, {"type": "stimuli", "shown": now_shown})


async def _help(house: Rooms, hub: Hub, connection: Connection, said: dict[str, Any]) -> None:
    who = connection.principal
    if not hub.may_call(who.seat_id or who.session_id, time.monotonic(), HELP_EVERY_S):
        raise Invalid("The organiser has been told already and will come to you.", code="told")
    text = plain(str(said.get("text") or ""))[:500].strip() or CALL
    if who.exam_id is None or who.seat_id is None:
        raise Invalid("Only people of an exam call for help.")
    await house.ledger.say(who.exam_id, text, from_seat=who.seat_id)
    await house.people.record(who, "help.asked", who.seat_id, {})
    connection.post({"type": "notice", "level": "info", "text": "The organiser has been told and will come to you."})


Heard = Callable[[Rooms, Hub, Connection, dict[str, Any]], Awaitable[None]]
HEARD: dict[str, Heard] = {
    "ping": _ping,
    "ticket": _ticket,
    "health": _health,
    "stimulus": _stimulus,
    "help": _help,
}

ROUTES = [Route("GET", "/ws", socket, Access.signed_in, "The page's WebSocket: see PROTOCOL.md")]

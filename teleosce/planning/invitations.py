"""Links by mail: each person once, whoever presses how often; what failed is named and can be sent again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import structlog

from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.core.settings import Settings
from teleosce.people import People, Principal, Role, Seat
from teleosce.planning import store
from teleosce.planning.letters import feedback_letter, letter
from teleosce.planning.post import NotSent, Post, post_office
from teleosce.planning.schedule import Schedule
from teleosce.planning.store import Invitation

log = structlog.get_logger(__name__)

DAY_MS = 86_400_000
LINK_DAYS = 14
"""How long links work after the exam, or from now on where its time is not planned."""


@dataclass(frozen=True)
class Sent:
    """What came of it. `failed`: with why. `unsure`: begun before, and nobody knows whether it went."""

    sent: tuple[Seat, ...]
    failed: tuple[tuple[Seat, str], ...]
    before: tuple[Seat, ...]
    unsure: tuple[Seat, ...]
    without: tuple[Seat, ...]


def window(schedule: Schedule, now_ms: int) -> tuple[int, int]:
    """From when until when the links of an exam work. A minute back: a browser's clock may be a little behind."""
    return now_ms - 60_000, max(now_ms, schedule.ends_ms() or 0) + LINK_DAYS * DAY_MS


About = Literal["link", "feedback"]


class Invitations:
    """Sends letters with links. about: what they lead to, the exam or what was released to candidates."""

    def __init__(
        self, database: Database, clock: Clock, people: People, settings: Settings, about: About = "link"
    ) -> None:
        self._database, self._clock, self._people, self._settings = database, clock, people, settings
        self._about = about

    async def of(self, exam_id: str) -> dict[str, Invitation]:
        """What was sent so far, by seat."""
        async with self._database.read() as connection:
            return await store.invitations_of(connection, self._about, exam_id)

    async def send(
        self,
        schedule: Schedule,
        url: str,
        *,
        only: Sequence[str] | None = None,
        again: bool = False,
        by: Principal | None = None,
        told: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> Sent:
        """A new link by mail to everybody who has an address and was not sent one; older links go on working.

        only: the seats meant; all when left out. again: to them, whatever was sent before.
        url: the server's address, as people reach it. Raises Invalid
        without a mail server, Unavailable when it does not answer: then nothing was sent.
        """
        if only is None:
            seats = [one for one in schedule.seats if one.role is not Role.organiser]
        else:
            seats = [one for one in schedule.seats if one.id in only]
        known = await self.of(schedule.exam.id)
        wanted, before, unsure, without = _sorted(seats, known, again=again)
        sent: list[Seat] = []
        failed: list[tuple[Seat, str]] = []
        if wanted:
            async with post_office(self._settings) as post:
                for number, seat in enumerate(wanted):
                    told(number, len(wanted))
                    if failed and failed[-1][1] == _LOST:
                        failed.append((seat, _LOST))
                    elif await self._claim(schedule, seat, again=again):
                        why = await self._send(post, schedule, seat, url, by)
                        if why is None:
                            sent.append(seat)
                        else:
                            failed.append((seat, why))
        log.info("links were mailed", sent=len(sent), failed=len(failed))
        return Sent(tuple(sent), tuple(failed), before, unsure, without)

    async def _claim(self, schedule: Schedule, seat: Seat, *, again: bool) -> bool:
        """Whether it is ours to send: of two who press at once, one sends."""
        begun = Invitation(seat.id, schedule.exam.id, "sending", self._clock.now_ms(), "")
        async with self._database.write() as connection:
            return await store.begin_invitation(connection, self._about, begun, again=again)

    async def _send(self, post: Post, schedule: Schedule, seat: Seat, url: str, by: Principal | None) -> str | None:
        """Why it was not sent; None when it was."""
        now_ms = self._clock.now_ms()
        token = await self._people.issue_link(seat.id, *window(schedule, now_ms), by=by)
        why = None
        try:
            write = feedback_letter if self._about == "feedback" else letter
            await post.send(write(schedule, seat, f"{url}/j#{token}", self._settings.smtp_from or "", now_ms))
        except NotSent as error:
            why = _LOST if error.lost else str(error)
        async with self._database.write() as connection:
            state = "sent" if why is None else "failed"
            ended = Invitation(seat.id, schedule.exam.id, state, self._clock.now_ms(), why or "")
            await store.end_invitation(connection, self._about, ended)
        return why


_LOST = "The mail server stopped answering."


def _sorted(
    seats: Sequence[Seat], known: dict[str, Invitation], *, again: bool
) -> tuple[list[Seat], tuple[Seat, ...], tuple[Seat, ...], tuple[Seat, ...]]:
    """(to be sent, sent before, unsure, without an address)."""
    state = {seat.id: known[seat.id].state if seat.id in known else "" for seat in seats}
    having = [seat for seat in seats if seat.email]
    wanted = [seat for seat in having if again or state[seat.id] in ("", "failed")]
    before = tuple(seat for seat in having if seat not in wanted and state[seat.id] == "sent")
    unsure = tuple(seat for seat in having if seat not in wanted and state[seat.id] == "sending")
    return wanted, before, unsure, tuple(seat for seat in seats if not seat.email)

"""Reminders to mark, by mail: at most one a person in half a day, whoever presses how often."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

import structlog
from sqlalchemy.exc import IntegrityError

from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.core.settings import Settings
from teleosce.people import People, Principal, Seat
from teleosce.planning import store_reminders as store
from teleosce.planning.invitations import window
from teleosce.planning.post import NotSent, Post, post_office
from teleosce.planning.schedule import Schedule, local
from teleosce.planning.store_reminders import Reminder

log = structlog.get_logger(__name__)

QUIET_MS = 12 * 3_600_000
"""Nobody is reminded twice within so long."""


@dataclass(frozen=True)
class Task:
    """What somebody still has to do: of `assigned` encounters `left` are not marked, and so many references before."""

    assigned: int
    left: int
    references: int = 0


@dataclass(frozen=True)
class Reminded:
    """What came of it. `failed`: with why. `lately`: reminded not long ago, or being reminded just now."""

    sent: tuple[Seat, ...]
    failed: tuple[tuple[Seat, str], ...]
    lately: tuple[Seat, ...]
    without: tuple[Seat, ...]


class Reminders:
    """Sends letters to those who have something to mark."""

    def __init__(self, database: Database, clock: Clock, people: People, settings: Settings) -> None:
        self._database, self._clock, self._people, self._settings = database, clock, people, settings

    async def of(self, exam_id: str) -> dict[str, Reminder]:
        """The last reminder of each, by seat."""
        async with self._database.read() as connection:
            return await store.of_exam(connection, exam_id)

    async def send(
        self, schedule: Schedule, url: str, tasks: Mapping[str, Task], *, by: Principal | None = None
    ) -> Reminded:
        """A letter with a new link to each of the seats; each is claimed before it goes. Audit row for each link.

        url: the server's address, as people reach it. Raises Invalid without a mail server, Unavailable when it does
        not answer: then nothing was sent.
        """
        meant = [seat for seat in schedule.seats if seat.id in tasks]
        sent: list[Seat] = []
        failed: list[tuple[Seat, str]] = []
        lately: list[Seat] = []
        having = [seat for seat in meant if seat.email]
        if having:
            async with post_office(self._settings) as post:
                for seat in having:
                    if not await self._claim(seat):
                        lately.append(seat)
                    elif (why := await self._send(post, schedule, seat, url, tasks[seat.id], by)) is None:
                        sent.append(seat)
                    else:
                        failed.append((seat, why))
        log.info("reminders were mailed", sent=len(sent), failed=len(failed))
        return Reminded(tuple(sent), tuple(failed), tuple(lately), tuple(one for one in meant if not one.email))

    async def _claim(self, seat: Seat) -> bool:
        """Whether it is ours to send: of two who press at once, one sends."""
        now_ms = self._clock.now_ms()
        try:
            async with self._database.write() as connection:
                return await store.begin(connection, seat.id, seat.exam_id, now_ms, now_ms - QUIET_MS)
        except IntegrityError:
            return False

    async def _send(  # noqa: PLR0917 what a letter is made of
        self, post: Post, schedule: Schedule, seat: Seat, url: str, task: Task, by: Principal | None
    ) -> str | None:
        """Why it was not sent; None when it was."""
        now_ms = self._clock.now_ms()
        token = await self._people.issue_link(seat.id, *window(schedule, now_ms), by=by)
        why = None
        try:
            sender = self._settings.smtp_from or ""
            await post.send(reminder(schedule, seat, f"{url}/j#{token}", sender, now_ms, task))
        except NotSent as error:
            why = "The mail server stopped answering." if error.lost else str(error)
        async with self._database.write() as connection:
            await store.end(connection, seat.id, why, self._clock.now_ms())
        return why


def reminder(  # noqa: PLR0917 what a letter is made of
    schedule: Schedule, seat: Seat, url: str, sender: str, now_ms: int, task: Task
) -> EmailMessage:
    """The letter: how much is left, and the link. It names no candidate and no station."""
    made = EmailMessage()
    made["From"] = sender
    made["To"] = seat.email or ""
    made["Subject"] = " ".join(f"{schedule.exam.title}: {_of(task.left)} still to mark".split())
    made["Date"] = format_datetime(local(now_ms, "UTC"))
    made["Message-ID"] = make_msgid(domain="teleosce")
    made["Auto-Submitted"] = "auto-generated"
    lines = [f"Dear {seat.name},", "", f"in “{schedule.exam.title}” {_is(task.left)} still yours to mark, of"]
    lines[-1] += f" {task.assigned} that were given to you."
    if task.references:
        lines += [
            "",
            f"Before that, {_reference(task.references)} to be marked for practice; the same link leads there.",
        ]
    lines += ["", "This link is yours alone; whoever has it takes your seat:", "", url, ""]
    lines += ["What you have marked so far is kept, and links that you were sent before go on working.", ""]
    lines += ["If you cannot mark them, tell the organiser, who can give them to somebody else."]
    made.set_content("\n".join(lines))
    return made


def _of(count: int) -> str:
    return "1 encounter" if count == 1 else f"{count} encounters"


def _is(count: int) -> str:
    return f"{_of(count)} {'is' if count == 1 else 'are'}"


def _reference(count: int) -> str:
    return "1 reference recording is" if count == 1 else f"{count} reference recordings are"

"""Credentials for passed exams. One holds while what is released to its holder says that they passed, and no longer."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy.exc import IntegrityError

from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.core.errors import Conflict, NotFound
from teleosce.core.ids import new_id
from teleosce.core.signing import signing_key
from teleosce.exams import Exam, Exams
from teleosce.people import People, Principal, Seat
from teleosce.reports import store_credentials
from teleosce.reports.exports.open_badge import credential, status_list
from teleosce.reports.results import Results
from teleosce.reports.shown import shown
from teleosce.reports.store_credentials import Issued

State = Literal["valid", "revoked"]


@dataclass(frozen=True)
class Standing:
    """A credential, and whether it holds now."""

    issued: Issued
    exam: Exam
    seat: Seat
    state: State


class Credentials:
    """Issues credentials and says whether they hold."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        data: Path,
        *,
        exams: Exams,
        people: People,
        results: Results,
        school: str | None = None,
    ) -> None:
        self._database, self._clock, self._data, self._school = database, clock, data, school
        self._exams, self._people, self._results = exams, people, results

    async def token(self, seat: Seat, base: str, by: Principal) -> str:
        """A candidate's credential, issued when it is asked for first; audit row then.

        base: the server's address, which its ids begin with: where it moved, one that is fetched again says so. Raises
        NotFound unless what is released to them says that they passed, Conflict where that was altered since.
        """
        found = await self._results.released_to(seat)
        if found is None or found[1].get("passed") is not True:
            raise NotFound("There is no credential: it is given for an exam that was passed and released.")
        run = found[0]
        if run.id in await self._results.altered(seat.exam_id, run.id):
            raise Conflict(
                f"Decision run {run.number} is not what it was when it was made, so no credential is signed. "
                "Please tell your organiser.",
                code="run-altered",
            )
        issued = await self._given(seat) or await self._issue(seat, by)
        return await self._made(issued, base, await self._exams.exam(seat.exam_id), seat)

    async def _given(self, seat: Seat) -> Issued | None:
        async with self._database.read() as connection:
            return await store_credentials.of_seat(connection, seat.id)

    async def _issue(self, seat: Seat, by: Principal) -> Issued:
        new = new_id()
        try:
            async with self._database.write() as connection:
                now_ms = self._clock.now_ms()
                await store_credentials.add(connection, new, exam_id=seat.exam_id, seat_id=seat.id, at_ms=now_ms)
                await self._people.record(by, "credential.issue", seat.id, {"credential": new}, connection=connection)
        except IntegrityError:
            pass  # asked for twice at once: the other one is theirs
        issued = await self._given(seat)
        assert issued is not None
        return issued

    async def _made(self, issued: Issued, base: str, exam: Exam, seat: Seat) -> str:
        def make() -> str:
            return credential(
                signing_key(self._data),
                base=base,
                credential_id=issued.id,
                number=issued.number,
                at_ms=issued.at_ms,
                exam_id=exam.id,
                exam=exam.title,
                seat_id=seat.id,
                name=seat.name,
                school=self._school,
            )

        return await asyncio.to_thread(make)

    async def standing(self, credential_id: str) -> Standing | None:
        """Whether a credential holds; None when we issued none of this id."""
        async with self._database.read() as connection:
            issued = await store_credentials.one(connection, credential_id)
        if issued is None:
            return None
        return (await self._standings([issued]))[0]

    async def of_exam(self, exam_id: str) -> list[Standing]:
        """All that were issued for an exam, those revoked included."""
        async with self._database.read() as connection:
            issued = await store_credentials.every(connection, exam_id)
        return await self._standings(issued)

    async def status_list(self, base: str) -> str:
        """The signed list of all that are revoked."""
        async with self._database.read() as connection:
            issued = await store_credentials.every(connection)
        revoked = [one.issued.number for one in await self._standings(issued) if one.state == "revoked"]
        now_ms = self._clock.now_ms()
        return await asyncio.to_thread(
            lambda: status_list(signing_key(self._data), base=base, revoked=revoked, now_ms=now_ms)
        )

    async def _standings(self, issued: list[Issued]) -> list[Standing]:
        found = []
        now_ms = self._clock.now_ms()
        for exam_id in dict.fromkeys(one.exam_id for one in issued):
            exam = await self._exams.exam(exam_id)
            releases = await self._results.releases(exam_id)
            seats = {seat.id: seat for seat in await self._people.seats(exam_id)}
            passed: dict[str, set[str]] = {}
            for one in (own for own in issued if own.exam_id == exam_id):
                seat = seats[one.seat_id]
                release = shown(releases, seat.group, now_ms)
                if release is not None and release.run_id not in passed:
                    run = await self._results.one(release.run_id)
                    known = run.found["candidates"]
                    passed[run.id] = {name for name, own in known.items() if own.get("passed") is True}
                holds = release is not None and seat.id in passed[release.run_id]
                found.append(Standing(one, exam, seat, "valid" if holds else "revoked"))
        return found

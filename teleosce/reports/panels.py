"""Panels of an exam: opened by the organiser, judged in two rounds, closed with a cut for each station."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.exc import IntegrityError

from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.core.errors import Conflict, Invalid, NotFound
from teleosce.core.ids import new_id
from teleosce.people import Principal, Role
from teleosce.psychometrics.standards import Judged
from teleosce.reports import store_panels
from teleosce.reports.export import Sources
from teleosce.reports.panel import NEXT, ROUND, Judgement, Newest, Panel, PanelState, judged_by
from teleosce.reports.runs import digest
from teleosce.scoring import Layout, layout_of
from teleosce.stations import StationVersion

JUDGES = (Role.examiner, Role.moderator)
MOST = 2000


class Panels:
    """The panels of all exams. At most one of an exam is open; the newest closed one is the standard."""

    def __init__(self, database: Database, clock: Clock, sources: Sources) -> None:
        self._database, self._clock, self._sources = database, clock, sources

    async def of_exam(self, exam_id: str) -> list[Panel]:
        """All panels of an exam, oldest first."""
        async with self._database.read() as connection:
            return await store_panels.of_exam(connection, exam_id)

    async def newest(self, exam_id: str) -> Panel | None:
        """The panel that was opened last."""
        every = await self.of_exam(exam_id)
        return every[-1] if every else None

    async def asks(self, seat_id: str) -> Panel | None:
        """The open panel in which somebody is a judge."""
        async with self._database.read() as connection:
            mine = await store_panels.of_seat(connection, seat_id)
        return next((one for one in reversed(mine) if one.state is not PanelState.closed), None)

    async def stations(self, exam_id: str) -> list[StationVersion]:
        """The stations that are judged, in the order of the ring."""
        versions = [await self._sources.stations.get(key) for key in await self._sources.exams.stations_of(exam_id)]
        return [one for one in versions if not one.rest and one.mark_sheet.items]

    async def open(self, exam_id: str, judges: Collection[str], by: Principal) -> Panel:
        """Opens a panel for round 1; audit row.

        Raises Invalid for fewer than two judges, or somebody who is no examiner or moderator of the exam, and while
        there is nothing to judge; Conflict while another panel is open.
        """
        may = {one.id for one in await self._sources.people.seats(exam_id) if one.role in JUDGES}
        if len(set(judges)) < 2 or not set(judges) <= may:
            raise Invalid("A panel has at least two judges: examiners or moderators of this exam. Nothing was opened.")
        if not await self.stations(exam_id):
            raise Invalid("This exam has no station with a mark sheet yet, so there is nothing to judge.")
        before, now_ms = await self.newest(exam_id), self._clock.now_ms()
        if before is not None and before.state is not PanelState.closed:
            raise Conflict("A panel is open already. Close it before you open another.", code="panel-open")
        number = before.number + 1 if before else 1
        seats = tuple(sorted(set(judges)))
        own = by.seat_id or by.account_id
        panel = Panel(new_id(), exam_id, number, PanelState.first, False, 1, own, now_ms, now_ms, seats)
        try:
            async with self._database.write() as connection:
                await store_panels.add(connection, panel)
                detail = {"panel": panel.id, "judges": list(seats)}
                await self._sources.people.record(by, "panel.open", exam_id, detail, connection=connection)
        except IntegrityError as error:
            raise Conflict("Somebody else has opened a panel just now.", code="panel-open") from error
        return panel

    async def move(
        self,
        exam_id: str,
        version: int,
        by: Principal,
        *,
        state: PanelState | None = None,
        facility: bool | None = None,
    ) -> Panel:
        """Moves the open panel on, or shows its judges the cohort's facility, or not; audit row.

        Raises Conflict when the panel is another by now than `version`, or does not go there; NotFound.
        """
        panel = await self._open(exam_id)
        if state is not None and state is not panel.state and state not in NEXT[panel.state]:
            raise Conflict("The panel cannot go there from where it is.", code="panel-state")
        new = replace(
            panel,
            state=panel.state if state is None else state,
            facility=panel.facility if facility is None else facility,
            version=version + 1,
            changed_ms=self._clock.now_ms(),
        )
        async with self._database.write() as connection:
            if not await store_panels.change(connection, new):
                raise Conflict("Somebody else has moved the panel on meanwhile. Look again.", code="panel-changed")
            detail = {"panel": panel.id, "state": new.state.value, "facility": new.facility}
            await self._sources.people.record(by, "panel.move", exam_id, detail, connection=connection)
        return new

    async def judge(self, exam_id: str, seat_id: str, said: Sequence[tuple[str, str, float | None]]) -> None:
        """Writes what a judge expects: station hash, item and percent (None takes it back), in the round that is open.

        Raises Conflict between and after the rounds, Invalid for what is not on a sheet (then nothing was written),
        NotFound for all but the judges.
        """
        panel = await self._open(exam_id)
        if seat_id not in panel.judges:
            raise NotFound("There is no panel that asks you.", code="no-panel")
        layouts = await self.layouts(exam_id)
        if len(said) > MOST or any(
            station not in layouts or item not in layouts[station].items or not (percent is None or 0 <= percent <= 100)
            for station, item, percent in said
        ):
            raise Invalid("These are not all values from 0 to 100 for items of this exam. Nothing was saved.")
        async with self._database.write() as connection:
            # Read where it is written: the organiser may have ended the round a moment ago.
            now = (await store_panels.of_exam(connection, exam_id))[-1]
            if now.id != panel.id or now.state not in ROUND:
                raise Conflict("This round is over, so nothing was saved.", code="round-over")
            new = [Judgement(ROUND[now.state], seat_id, station, item, percent) for station, item, percent in said]
            await store_panels.add_judgements(connection, panel.id, new, self._clock.now_ms())

    async def newest_of(self, panel: Panel) -> Newest:
        """The newest judgements of a panel, of all judges: for the program, and organisers."""
        async with self._database.read() as connection:
            return await store_panels.judgements_of(connection, panel.id)

    async def layouts(self, exam_id: str) -> dict[str, Layout]:
        """The layouts of the stations that are judged, by hash."""
        return {one.hash: layout_of(one) for one in await self.stations(exam_id)}

    async def standard(self, exam_id: str) -> Panel | None:
        """The panel that was closed last."""
        closed = [one for one in await self.of_exam(exam_id) if one.state is PanelState.closed]
        return closed[-1] if closed else None

    async def judged(self, exam_id: str) -> dict[str, Judged]:
        """By station hash the cut of the standard; empty while there is none."""
        panel = await self.standard(exam_id)
        if panel is None:
            return {}
        return judged_by(await self.newest_of(panel), 2, panel.judges, await self.layouts(exam_id))[0]

    async def told(self, exam_id: str) -> dict[str, Any] | None:
        """What a run keeps of the panel that it rests on: which, its judges, and a hash of what they said."""
        panel = await self.standard(exam_id)
        if panel is None:
            return None
        said = sorted([*key, percent] for key, percent in (await self.newest_of(panel)).items())
        return {"id": panel.id, "number": panel.number, "judges": list(panel.judges), "hash": digest(said)}

    async def _open(self, exam_id: str) -> Panel:
        panel = await self.newest(exam_id)
        if panel is None or panel.state is PanelState.closed:
            raise NotFound("No panel is open.", code="no-panel")
        return panel

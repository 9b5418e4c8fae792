"""An exam that is over and marked: two stations, two candidates, comments, moments, ratings, and a recording."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import update

from teleosce.core.ids import new_id
from teleosce.exams import Encounter
from teleosce.exams.store_tables import encounters as encounter_table
from teleosce.people import Principal, Role
from teleosce.recording.sealing import write_outcome
from teleosce.recording.store import TakeStore
from teleosce.reports import ResultRules, Run
from teleosce.scoring import Change, FeedbackRules, Kind, Layout, layout_of
from teleosce.web.feedback import feedbacks_of
from tests.web.house import House
from tests.web.test_web_glance import recorded

NASTY = (
    '<script>alert(1)</script> #panic("x") *bold* _under_ $x$ [link](https://example.org) \\ @ref <label> `raw` = head'
)
"""What HTML, Markdown or Typst might take for their own."""
PRAISE = "You put the mother at ease."
PATIENTS_WORDS = "I felt listened to."
QUOTE = "Can you show her to me?"


@dataclass(frozen=True)
class ReleasedExam:
    """mine: the first candidate's encounters, in the order of the ring; the first of them is recorded."""

    house: House
    organiser: Principal
    mine: list[Encounter]
    others: list[Encounter]

    async def run(self, **rules: Any) -> Run:
        """A decision run; half of each station is needed."""
        given = ResultRules.model_validate({"method": "fixed", "fixed_cut": 50} | rules)
        return await self.house.rooms.results.run(self.house.exam.exam_id, given, self.organiser)

    async def release(self, **more: Any) -> str:
        """A run, released at once; the release's id."""
        run = await self.run()
        return (await self.house.rooms.results.release(run.id, self.organiser, **more)).id

    async def allow(self, **rules: Any) -> None:
        """Sets what the exam lets candidates see."""
        feedbacks = feedbacks_of(self.house.rooms)
        version = (await feedbacks.rules(self.house.exam.exam_id)).version
        await feedbacks.set_rules(self.house.exam.exam_id, FeedbackRules(**rules), version, self.organiser)


async def released_exam(house: House, comment: str = PRAISE) -> ReleasedExam:
    """Everything is over and marked; nothing is released yet. The first candidate does well, the other does not."""
    rooms = house.rooms
    for role in ("candidate", "sp"):
        for index in range(2):
            client = await house.client(role, index)
            await client.http.close()
    every = [one for one in await rooms.exams.encounters(house.exam.exam_id) if one.candidate]
    async with rooms.database.write() as connection:
        over = {"phase": "done", "outcome": "completed", "phase_ends_ms": None}
        mine = encounter_table.c.exam_id == house.exam.exam_id
        await connection.execute(update(encounter_table).where(mine).values(**over))
    first = house.seat("candidate", 0)
    for one in every:
        await _mark(house, one, share=0.75 if one.candidate == first else 0.3, comment=comment)
    own = sorted((one for one in every if one.candidate == first), key=lambda one: one.position)
    takes = await recorded(house, own[0].id, sound=True)
    for take in takes:
        await TakeStore(rooms.database).add(take)
        write_outcome(rooms.settings.data / "encounters" / own[0].id, take)
    seat = house.seat("organiser")
    organiser = Principal(new_id(), Role.organiser, house.exam.exam_id, seat, None, "Organiser")
    return ReleasedExam(house, organiser, own, [one for one in every if one.candidate != first])


async def _mark(house: House, encounter: Encounter, share: float, comment: str) -> None:
    rooms = house.rooms
    version = await rooms.stations.get(encounter.station_hash)
    layout, items = layout_of(version), list(version.mark_sheet.items)
    done = int(len(items) * share)
    fields: dict[str, Any] = {f"item.{one.id}": "done" if n < done else "not_done" for n, one in enumerate(items)}
    fields[f"item.{items[done].id}"] = "partly"
    fields |= {
        "global": "good" if share > 0.5 else "borderline",
        "comment": comment,
        f"comment.{items[-1].id}": "Name the signs.",
    }
    fields[f"evidence.{items[0].id}.one"] = {"from_ms": 2_000, "to_ms": 6_000, "quote": QUOTE}
    fields["bookmark.two"] = {"at_ms": 12_000, "text": "Here you waited well."}
    assert encounter.examiner
    assert encounter.sp
    await _fill(house, Kind.mark, encounter.id, encounter.examiner, layout, **fields)
    rating = {f"sp.{one.id}": one.points for one in version.mark_sheet.sp_rating}
    await _fill(house, Kind.sp_rating, encounter.id, encounter.sp, layout, **rating, comment=PATIENTS_WORDS)


async def _fill(house: House, kind: Kind, encounter: str, author: str, layout: Layout, **fields: Any) -> None:
    forms = house.rooms.forms
    form = await forms.open(kind, encounter, author)
    await forms.save(form.id, [Change(name, value, 0, new_id()) for name, value in fields.items()], author, layout)
    await forms.submit(form.id, author, layout)

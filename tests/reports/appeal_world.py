"""One recorded consultation with two marks that differ, a settlement, a decision, and something hostile."""

from dataclasses import dataclass
from pathlib import Path

from teleosce.app import at_rest
from teleosce.cohort import make_cohort
from teleosce.core.ids import new_id
from teleosce.core.settings import Settings, load
from teleosce.people import Principal, Role
from teleosce.rehearsal.consultations import read_consultations
from teleosce.reports import ResultRules
from teleosce.scoring import AssignmentKind, Change, Kind, layout_of
from teleosce.web import Rooms

CONSULTATIONS = read_consultations(Path(__file__).parents[2] / "bench" / "consultations")
HOSTILE = '</script><script>alert("x")</script><img src=x onerror=alert(1)> =1+1'


@dataclass(frozen=True)
class AppealWorld:
    settings: Settings
    exam: str
    encounter: str


async def make_appeal_world(folder: Path, lines: int = 14) -> AppealWorld:
    settings = load(data=folder, log_level="error")
    whole = CONSULTATIONS["low-mood", "weak"]
    short = {("low-mood", "weak"): whole.model_copy(update={"lines": whole.lines[:lines]})}
    cohort = await make_cohort(settings, short, ["low-mood"], levels=["weak"])
    encounter_id = cohort.of("low-mood", "weak").encounter
    async with at_rest(settings) as rooms:
        encounter = await rooms.exams.encounter(encounter_id)
        exam = encounter.exam_id
        assert encounter.examiner is not None
        second = await rooms.people.add_seat(exam, Role.examiner, "Dr Second")
        moderator = await rooms.people.add_seat(exam, Role.moderator, "Prof Moderator")
        organiser = Principal(new_id(), Role.organiser, exam, None, new_id(), "Olive")
        await rooms.marking.assign(encounter_id, second.id, AssignmentKind.second)
        items = [item.id for item in (await rooms.stations.get(encounter.station_hash)).mark_sheet.items]
        for author, done, grade in ((encounter.examiner, 9, "good"), (second.id, 3, "borderline")):
            fields: dict[str, object] = {
                f"item.{one}": "done" if at < done else "not_done" for at, one in enumerate(items)
            }
            fields |= {"global": grade, "comment": HOSTILE, f"comment.{items[0]}": "Asked late."}
            fields[f"evidence.{items[0]}.a"] = {"from_ms": 4000, "to_ms": 6000, "quote": "How have you been sleeping?"}
            fields["bookmark.b"] = {"at_ms": 9000, "text": "Looks away here"}
            await fill_in(rooms, Kind.mark, encounter_id, author, fields)
        assert encounter.sp is not None
        ratings = (await rooms.stations.get(encounter.station_hash)).mark_sheet.sp_rating
        await fill_in(rooms, Kind.sp_rating, encounter_id, encounter.sp, {f"sp.{one.id}": 3 for one in ratings})
        by = Principal(new_id(), Role.moderator, exam, moderator.id, None, moderator.name)
        await rooms.marking.take(encounter_id, moderator.id, by)
        settled: dict[str, object] = {f"item.{one}": "done" if at < 6 else "not_done" for at, one in enumerate(items)}
        settled |= {"global": "pass", "reason.global": "Between the two, by the anchors."}
        await fill_in(rooms, Kind.settlement, encounter_id, moderator.id, settled, by=by)
        run = await rooms.results.run(exam, ResultRules(method="fixed", fixed_cut=50), organiser)
        await rooms.results.release(run.id, organiser)
    return AppealWorld(settings, exam, encounter_id)


async def fill_in(
    rooms: Rooms, kind: Kind, encounter: str, author: str, fields: dict[str, object], *, by: Principal | None = None
) -> None:
    """Fills a form in and submits it."""
    layout = layout_of(await rooms.stations.get((await rooms.exams.encounter(encounter)).station_hash))
    form = await rooms.forms.open(kind, encounter, author)
    changes = [Change(name, value, 0, new_id()) for name, value in fields.items()]
    saved = await rooms.forms.save(form.id, changes, author, layout)
    assert not saved.conflicts
    if by is not None:
        await rooms.marking.settle(form.id, author, by)
    else:
        await rooms.forms.submit(form.id, author, layout)

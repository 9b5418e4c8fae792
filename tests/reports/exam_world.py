"""A data folder with an exam that is marked, decided and released, and what a test needs to know of it."""

from dataclasses import dataclass
from pathlib import Path

from teleosce.app import at_rest
from teleosce.core.ids import new_id
from teleosce.core.settings import Settings, load
from teleosce.people import Principal, Role
from teleosce.reports import ResultRules
from tests.begun import bank_of, begin
from tests.web.marked_exam import marked_exam

ORGANISER = Principal(new_id(), Role.organiser, None, None, new_id(), "Olive")


@dataclass(frozen=True)
class World:
    settings: Settings
    exam: str
    run: str
    release: str


async def make_world(folder: Path, *, title_of_somebody: str = "=1+1") -> World:
    """72 encounters of two stations; one candidate's name begins like a formula; one run, released."""
    await begin(folder)
    settings = load(data=folder, log_level="error")
    async with at_rest(settings) as rooms:
        bank = await bank_of(rooms)
        exam = await marked_exam(rooms, [bank["feverish-child"], bank["inhaler-technique"]])
        await rooms.people.add_seat(exam.exam_id, Role.observer, title_of_somebody)
        run = await rooms.results.run(exam.exam_id, ResultRules(method="fixed", fixed_cut=45), ORGANISER)
        release = await rooms.results.release(run.id, ORGANISER)
        return World(settings, exam.exam_id, run.id, release.id)

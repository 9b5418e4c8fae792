"""A large exam that is over, in a real database: all encounters marked by two examiners, written in bulk.

`teleosce.simulated_exam` goes through every bell and every save, which takes minutes for so many.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import insert, update

from teleosce.app import freeze_stations, running
from teleosce.core.ids import new_id
from teleosce.core.paths import STATIONS
from teleosce.core.settings import Settings
from teleosce.exams import Encounter, Outcome, Phase
from teleosce.exams.store_tables import encounters
from teleosce.people import Principal, Role
from teleosce.scoring import AssignmentKind, Kind, State
from teleosce.scoring.store import entries, forms, steps
from teleosce.scoring.store_marking import assignments
from teleosce.simulated_sheets import World
from teleosce.web import Rooms
from teleosce.web.plans import plans_of

ITEMS = 25
DAY_MS = 86_400_000
TURN_MS = 1_080_000
"""From one encounter of a ring to the next."""

Rows = dict[str, list[dict[str, Any]]]


def make_bank(folder: Path, many: int) -> list[str]:
    """Station folders like those that come with teleosce, 25 items each; their names."""
    own = sorted(path.parent for path in STATIONS.glob("*/mark-sheet.yaml"))
    names = []
    for number in range(many):
        like = own[number % len(own)]
        place = folder / f"{like.name}-{number + 1}"
        shutil.copytree(like, place)
        sheet = yaml.safe_load((place / "mark-sheet.yaml").read_text())
        items = sheet["items"]
        sheet["items"] = [
            one | ({} if turn == 0 else {"id": f"{one['id']}-{turn + 1}", "text": f"{one['text']} ({turn + 1})"})
            for turn in range(ITEMS // len(items) + 1)
            for one in items
        ][:ITEMS]
        station = yaml.safe_load((place / "station.yaml").read_text())
        station["title"] += f" {number + 1}"
        # JSON is YAML without anchors, which stations may not have.
        (place / "mark-sheet.yaml").write_text(json.dumps(sheet))
        (place / "station.yaml").write_text(json.dumps(station))
        names.append(place.name)
    return names


async def make(folder: Path, candidates: int, stations: int) -> dict[str, Any]:
    """Makes it in a folder, decided; the exam's id, the run's, and a link of its organiser, which lie there as well."""
    bank = folder / "bank"
    names = make_bank(bank, stations)
    settings = Settings(data=folder / "data", stations=bank, port=0, worker=False, log_level="error")
    async with running(settings) as server:
        rooms = server.rooms
        known = await freeze_stations(rooms)
        circuits = [f"R{number + 1:02}" for number in range(max(2, -(-candidates // stations)))]
        world = World([await rooms.stations.get(known[name]) for name in names], candidates, circuits)
        exam_id = await _planned(rooms, world)
        await _written(rooms, world, exam_id)
        organiser = next(one for one in await rooms.people.seats(exam_id) if one.role is Role.organiser)
        who = Principal(new_id(), organiser.role, exam_id, organiser.id, None, organiser.name)
        run = await rooms.results.run(exam_id, None, who)
        now_ms = rooms.clock.now_ms()
        link = await rooms.people.issue_link(organiser.id, now_ms - 60_000, now_ms + 30 * DAY_MS)
        made = {"exam": exam_id, "run": run.id, "link": link, "candidates": candidates, "stations": stations}
    (folder / "made.json").write_text(json.dumps(made))
    return made


async def _planned(rooms: Rooms, world: World) -> str:
    plans = plans_of(rooms)
    people = {
        (place, circuit): {"sp": f"Patient {place + 1} {circuit}", "examiner": f"Dr {place + 1} {circuit}"}
        for place in range(len(world.stations))
        for circuit in world.circuits
    }
    kept = await plans.create({
        "title": "Large finals",
        "zone": "Europe/London",
        "starts": ["2026-05-04T09:00:00"],
        "phases": {"reading_s": 120, "encounter_s": 600, "note_s": 300, "changeover_s": 60, "warning_s": 120},
        "circuits": list(world.circuits),
        "stations": [
            {"station": version.hash, "people": {one: people[place, one] for one in world.circuits}}
            for place, version in enumerate(world.stations)
        ],
        "people": [],
        "candidates": [{"name": name, "number": f"C{number:04}"} for number, name in enumerate(world.names, 1)],
        "marking": {"discrepancy_points": 100.0, "discrepancy_critical": False},
    })  # fmt: skip
    await plans.build(kept.exam_id, kept.version)
    return kept.exam_id


async def _written(rooms: Rooms, world: World, exam_id: str) -> None:
    """Every encounter is over, and has two marks; the second by the next circuit's examiner of the same station."""
    seats = [one for one in await rooms.people.seats(exam_id) if one.role is Role.candidate]
    number = {one.id: at for at, one in enumerate(sorted(seats, key=lambda one: one.number or ""))}
    place = {version.hash: at for at, version in enumerate(world.stations)}
    held = [one for one in await rooms.exams.encounters(exam_id) if one.candidate]
    at = {(one.circuit, place[one.station_hash]): one.examiner for one in held}
    begun_ms = rooms.clock.now_ms() - DAY_MS
    rows: Rows = {"form": [], "entry": [], "step": [], "assignment": []}
    for one in held:
        assert one.candidate is not None
        where, circuit = place[one.station_hash], world.circuits.index(one.circuit)
        after = (circuit + 1) % len(world.circuits)
        at_ms = begun_ms + one.rotation * TURN_MS
        for turn, examiner in enumerate((one.examiner, at[world.circuits[after], where])):
            assert examiner is not None
            marks = world.mark(number[one.candidate], where, circuit, (circuit, after)[turn], one.rotation * 0.3)
            _sheet(rows, one, examiner, marks, at_ms + turn * DAY_MS // 2)
        rows["assignment"].append({
            "id": new_id(), "encounter_id": one.id, "seat_id": examiner, "kind": AssignmentKind.second,
            "made_ms": at_ms, "reason": "",
        })  # fmt: skip
    over = {"phase": Phase.done, "outcome": Outcome.completed, "phase_started_ms": begun_ms + DAY_MS // 2}
    async with rooms.database.write() as connection:
        await connection.execute(update(encounters).where(encounters.c.exam_id == exam_id).values(over))
        for table, name in ((forms, "form"), (entries, "entry"), (steps, "step"), (assignments, "assignment")):
            await connection.execute(insert(table), rows[name])


def _sheet(rows: Rows, one: Encounter, author: str, values: dict[str, Any], from_ms: int) -> None:
    form_id, to_ms = new_id(), from_ms + TURN_MS
    rows["form"].append({
        "id": form_id, "kind": Kind.mark, "encounter_id": one.id, "author_id": author, "state": State.submitted,
        "created_ms": from_ms, "state_ms": to_ms,
    })  # fmt: skip
    rows["entry"] += [
        {
            "form_id": form_id, "change_id": new_id(), "field": field, "value": value, "version": 1,
            "author_id": author, "at_ms": from_ms + 20_000 * (at + 1),
        }
        for at, (field, value) in enumerate(values.items())
    ]  # fmt: skip
    rows["step"].append(
        {"form_id": form_id, "state": State.submitted, "reason": "", "author_id": author, "at_ms": to_ms}
    )

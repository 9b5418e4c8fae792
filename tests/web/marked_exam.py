"""An exam that is being marked: two stations, three circuits, six examiners, and hours of marking behind them."""

import random
from dataclasses import dataclass, fields
from itertools import chain

from sqlalchemy import insert, update

from teleosce.core.ids import new_id
from teleosce.exams import NewSlot, Timings, add_slots, prepare_slots
from teleosce.exams.store_tables import encounters as encounter_table
from teleosce.people import Role, new_seat
from teleosce.people.store import seats as seat_table
from teleosce.scoring import GRADES, layout_of
from teleosce.scoring.store import entries, forms, steps
from teleosce.web import Rooms

MINUTE = 60_000
CANDIDATES = 12
"""A circuit."""
NAMES = ("Dr Abara", "Dr Bello", "Dr Costa", "Dr Duarte", "Dr Eriksen", "Dr Fofanah")
LENIENT, FLAT, SLOW = "Dr Abara", "Dr Bello", "Dr Fofanah"


@dataclass(frozen=True)
class MarkedExam:
    """seats: the examiners' by name; nobodys: encounters without one; organiser: the token of a link."""

    exam_id: str
    seats: dict[str, str]
    nobodys: list[str]
    organiser: str


async def marked_exam(rooms: Rooms, stations: list[str]) -> MarkedExam:
    """72 encounters, all over; most are marked. The first examiner is lenient, the second marks flat."""
    chance = random.Random(5)
    exam = await rooms.exams.create("Finals, communication", "Europe/London")
    organiser = new_seat(exam.id, Role.organiser, "Olive Organiser")
    examiners = [new_seat(exam.id, Role.examiner, name) for name in NAMES]
    seats = {one.name: one.id for one in examiners}
    people = {
        letter: [
            new_seat(exam.id, Role.candidate, f"Candidate {letter}{n}", f"{letter}{n:02}")
            for n in range(1, CANDIDATES + 1)
        ]
        for letter in "ABC"
    }
    found = [(await rooms.stations.get(one)).timings for one in stations]
    timings = [Timings(*(getattr(one, each.name) for each in fields(Timings))) for one in found]
    slots = [
        NewSlot(
            position,
            n + 1,
            letter,
            station,
            timings[position - 1],
            candidate=people[letter][(n + position - 1) % CANDIDATES].id,
            sp=None,
            examiner=None if _is_nobodys(letter, n, position) else seats[NAMES[circuit * 2 + position - 1]],
        )
        for circuit, letter in enumerate("ABC")
        for n in range(CANDIDATES)
        for position, station in enumerate(stations, 1)
    ]
    made = prepare_slots(exam.id, slots, rooms.clock.now_ms())
    async with rooms.database.write() as connection:
        every_seat = [organiser, *examiners, *chain.from_iterable(people.values())]
        await rooms.people.add_seats(every_seat, by=None, connection=connection)
        await add_slots(connection, exam.id, made, {}, rooms.clock.now_ms())
    await _mark(rooms, exam.id, seats, chance)
    now_ms = rooms.clock.now_ms()
    token = await rooms.people.issue_link(organiser.id, now_ms - MINUTE, now_ms + 600 * MINUTE)
    every = await rooms.exams.encounters(exam.id)
    return MarkedExam(exam.id, seats, [one.id for one in every if one.examiner is None], token)


def _is_nobodys(circuit: str, n: int, position: int) -> bool:
    return circuit == "C" and n >= CANDIDATES - 2 and position == 1


async def _mark(rooms: Rooms, exam_id: str, seats: dict[str, str], chance: random.Random) -> None:
    """Writes what an evening of marking leaves behind, with its times."""
    now_ms = rooms.clock.now_ms()
    names = {seat: name for name, seat in seats.items()}
    found: dict[str, list[dict[str, object]]] = {"forms": [], "entries": [], "steps": []}
    given = dict.fromkeys(NAMES, 0)
    for one in await rooms.exams.encounters(exam_id):
        name = names.get(one.examiner or "")
        if name is None or given[name] >= (3 if name == SLOW else CANDIDATES - 1):
            continue
        starts_ms = now_ms - 300 * MINUTE + given[name] * 14 * MINUTE
        given[name] += 1
        layout = layout_of(await rooms.stations.get(one.station_hash))
        ability = 0.5 if name == FLAT else min(0.9, max(0.15, chance.gauss(0.5, 0.13)))
        grade = 2 if name == FLAT else min(4, max(0, round(ability * 4)))
        ability += 0.3 if name == LENIENT else 0
        fields = {
            f"item.{item}": ("done" if number / len(layout.items) < ability else "not_done")
            for number, item in enumerate(layout.items)
        } | {"global": GRADES[grade]}
        form_id = new_id()
        author = seats[name]
        ends_ms = starts_ms + 12 * MINUTE
        row = {"id": form_id, "encounter_id": one.id, "author_id": author, "kind": "mark", "state": "submitted"}
        found["forms"].append(row | {"created_ms": starts_ms, "state_ms": ends_ms})
        for number, (field, value) in enumerate(fields.items()):
            at_ms = starts_ms + (number + 1) * 11 * MINUTE // len(fields)
            entry = {"form_id": form_id, "change_id": new_id(), "field": field, "value": value, "version": 1}
            found["entries"].append(entry | {"author_id": author, "at_ms": at_ms})
        step = {"form_id": form_id, "state": "submitted", "reason": "", "author_id": author, "at_ms": ends_ms}
        found["steps"].append(step)
    async with rooms.database.write() as connection:
        over = {"phase": "done", "outcome": "completed", "phase_started_ms": now_ms - 400 * MINUTE}
        mine = encounter_table.c.exam_id == exam_id
        await connection.execute(update(encounter_table).where(mine).values(**over, phase_ends_ms=None))
        for table, rows in ((forms, found["forms"]), (entries, found["entries"]), (steps, found["steps"])):
            await connection.execute(insert(table), rows)


async def give_addresses(rooms: Rooms, addresses: dict[str, str]) -> None:
    """E-mail addresses, by seat."""
    async with rooms.database.write() as connection:
        for seat, address in addresses.items():
            await connection.execute(update(seat_table).where(seat_table.c.id == seat).values(email=address))

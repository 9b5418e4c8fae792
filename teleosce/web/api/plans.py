"""The plan of an exam: kept as it is written, looked at as it changes, and made into the exam once."""

import asyncio
import base64
import binascii
import json
from collections import defaultdict
from dataclasses import asdict
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from teleosce.core.errors import Forbidden, Invalid, NotFound
from teleosce.people import Permission, Principal, plain
from teleosce.planning import Draft, Timetable, Visit, read_candidates
from teleosce.web.access import exam_of, makes_exams, oversees
from teleosce.web.context import Rooms, principal, rooms
from teleosce.web.plans import plans_of
from teleosce.web.routing import Route, answer, body

Document = dict[str, Any]


class PlanLook(BaseModel):
    """A plan (the document of `exam.yaml`), and whether its timetable is wanted too."""

    model_config = ConfigDict(extra="forbid")
    plan: Document
    table: bool = False


class PlanSave(PlanLook):
    """The next version of a plan that was `version` when it was read."""

    version: int = Field(ge=1, le=2**31)


class PlanBuild(BaseModel):
    """Which version is meant."""

    model_config = ConfigDict(extra="forbid")
    version: int = Field(ge=1, le=2**31)


class CandidateList(BaseModel):
    """A file by its name and content (base64), or pasted lines."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field("pasted.txt", max_length=255)
    content: str = Field(max_length=240_000)


def its_exam(request: web.Request) -> tuple[Rooms, Principal, str]:
    """The rooms, who asks, and the exam that they run. Raises NotFound."""
    return rooms(request), principal(request), exam_of(request, oversees)


async def look(request: web.Request) -> web.Response:
    """What a plan comes to, and everything that is wrong with it. Writes nothing."""
    asked = await body(request, PlanLook)
    draft = await plans_of(rooms(request)).look_at(_clean(asked.plan))
    return answer(draft_view(draft, table=asked.table))


async def create(request: web.Request) -> web.Response:
    """A new exam with this plan and nothing else."""
    who, house = principal(request), rooms(request)
    if not makes_exams(who):
        raise Forbidden("A link belongs to one exam. To make another, sign in with an organiser's account.")
    asked = await body(request, PlanLook)
    plans, document = plans_of(house), _clean(asked.plan)
    kept = await plans.create(document, who)
    view = draft_view(await plans.look_at(document), table=asked.table)
    return answer({"exam": kept.exam_id, "version": kept.version, **view}, status=201)


async def read(request: web.Request) -> web.Response:
    """The plan as it is kept."""
    house, _, exam_id = its_exam(request)
    plans = plans_of(house)
    kept = await plans.get(exam_id)
    if kept is None:
        raise NotFound("This exam has no plan.")
    view = draft_view(await plans.look_at(kept.document), table=True)
    return answer({"version": kept.version, "built_ms": kept.built_ms, "plan": kept.document, **view})


async def save(request: web.Request) -> web.Response:
    """Keeps the next version; 409 when somebody else's came first, or the exam is made."""
    asked = await body(request, PlanSave)
    house, who, exam_id = its_exam(request)
    plans, document = plans_of(house), _clean(asked.plan)
    kept = await plans.save(exam_id, document, asked.version, who)
    return answer({"version": kept.version, **draft_view(await plans.look_at(document), table=asked.table)})


async def build(request: web.Request) -> web.Response:
    """Makes the exam: all seats, slots and circuits, or none, with the list of conflicts."""
    asked = await body(request, PlanBuild)
    house, who, exam_id = its_exam(request)
    table = await plans_of(house).build(exam_id, asked.version, who)
    return answer({"exam": exam_id, "slots": len(table.visits), "people": len(await house.people.seats(exam_id))})


async def candidates(request: web.Request) -> web.Response:
    """Reads a list of candidates and says what is wrong with it, by row and column. Writes nothing."""
    asked = await body(request, CandidateList)
    try:
        content = base64.b64decode(asked.content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid("The list did not arrive as it should (base64). Please try again.") from error
    found = await asyncio.to_thread(read_candidates, asked.name, content)
    return answer(
        {
            "sound": found.sound,
            "candidates": [one.model_dump(mode="json") for one in found.candidates],
            "findings": [asdict(one) for one in found.findings],
        }
    )


def _clean(document: Document) -> Document:
    """The document as any database and any page can hold it. Raises Invalid for numbers that are none."""
    try:
        cleaned: Document = json.loads(plain(json.dumps(document, allow_nan=False, ensure_ascii=False)))
    except (ValueError, RecursionError) as error:
        raise Invalid("The plan holds what is no plain value. Nothing was changed.") from error
    return cleaned


def draft_view(draft: Draft, *, table: bool) -> dict[str, Any]:
    """A draft as the builder shows it."""
    view: dict[str, Any] = {
        "sound": draft.sound,
        "conflicts": [asdict(one) | {"place": list(one.place)} for one in draft.said],
        "rings": [],
    }
    if draft.plan is None or draft.table is None:
        return view
    view["rings"] = [
        {
            "circuit": ring.circuit,
            "planned": ring.planned,
            "starts_ms": ring.starts_ms,
            "ends_ms": ring.ends_ms,
            "candidates": len(ring.candidates),
            "rotations": len(ring.rotations),
        }
        for ring in draft.table.rings
    ]
    if table:
        view["grids"] = _grids(draft, draft.table)
    return view


def _grids(draft: Draft, table: Timetable) -> list[dict[str, Any]]:
    """By circuit, its rotations with the number of the candidate at each station."""
    assert draft.plan is not None
    visits: dict[str, dict[int, list[Visit]]] = defaultdict(lambda: defaultdict(list))
    for visit in table.visits:
        visits[visit.circuit][visit.rotation].append(visit)
    grids = []
    for ring in table.rings:
        rows = []
        for rotation, its in sorted(visits[ring.circuit].items()):
            at: dict[int, list[str]] = defaultdict(list)
            for visit in its:
                at[visit.number].append(draft.plan.number_of(visit.candidate))
            cells = [" + ".join(at[position + 1]) for position in range(len(draft.plan.stations))]
            first = its[0]
            times = {"starts_ms": first.starts_ms, "ends_ms": first.ends_ms, "pause": first.pause}
            rows.append({"rotation": rotation, **times, "cells": cells})
        grids.append({"circuit": ring.circuit, "rows": rows})
    return grids


ROUTES = [
    Route("POST", "/api/plans/check", look, Permission.build_exam, "Look at a plan", PlanLook),
    Route("POST", "/api/plans", create, Permission.build_exam, "A new exam with a plan", PlanLook, status=201),
    Route("POST", "/api/candidates", candidates, Permission.build_exam, "Read a list of candidates", CandidateList),
    Route("GET", "/api/exams/{exam}/plan", read, Permission.build_exam, "The plan of an exam"),
    Route("POST", "/api/exams/{exam}/plan", save, Permission.build_exam, "Keep the next version", PlanSave),
    Route("POST", "/api/exams/{exam}/build", build, Permission.build_exam, "Make the exam of its plan", PlanBuild),
]

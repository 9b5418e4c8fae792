"""Forms that people fill in, of all kinds. A change is acknowledged when it is on disk, not before."""

from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from teleosce.core.errors import Conflict, Invalid, NotFound
from teleosce.exams import Encounter, Phase
from teleosce.people import Permission, Principal
from teleosce.scoring import SHEETS, Change, Form, Kind, Layout, WritableForm, layout_of
from teleosce.web.access import met_in, own_encounter, person_of
from teleosce.web.calibration import may_fill, pass_gate
from teleosce.web.context import Rooms, principal, rooms
from teleosce.web.routing import Access, Route, answer, body
from teleosce.web.socket import HUB


class OneChange(BaseModel):
    """One field's new value. `change_id` makes a repeated sending harmless; `base_version` is what was last seen."""

    model_config = ConfigDict(extra="forbid")
    change_id: str = Field(min_length=8, max_length=64)
    field: str = Field(max_length=120)
    value: JsonValue
    base_version: int = Field(ge=0)


class Changes(BaseModel):
    """Changes in the order in which they were made."""

    model_config = ConfigDict(extra="forbid")
    changes: list[OneChange] = Field(max_length=200)


class Reason(BaseModel):
    """Why a submitted form is opened again."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field(min_length=3, max_length=1000)


WRITERS = {
    Kind.mark: Permission.mark,
    Kind.sp_rating: Permission.rate_as_sp,
    Kind.note: Permission.write_note,
    Kind.settlement: Permission.moderate,
}


async def own_form(request: web.Request) -> web.Response:
    """The caller's own form of a kind, made when missing."""
    house = rooms(request)
    who = principal(request)
    try:
        kind = Kind(request.match_info["kind"])
    except ValueError:
        raise NotFound("There is no such form.") from None
    encounter = await _to_write(house, who, request.match_info["id"], kind)
    if kind is Kind.mark:
        await pass_gate(house, who)
    form = await house.forms.open(kind, encounter.id, _author(who, kind))
    return answer(await _view(house, form, encounter))


def _author(who: Principal, kind: Kind) -> str:
    if kind in (Kind.reference, Kind.settlement):
        return person_of(who)
    if who.seat_id is None:
        raise NotFound("This form belongs to a seat of the exam.")
    return who.seat_id


async def _to_write(house: Rooms, who: Principal, encounter_id: str, kind: Kind) -> Encounter:
    """The encounter, for whoever writes such a form of it. Raises NotFound for all others, Conflict before its time."""
    if kind in SHEETS:
        return await may_fill(house, who, encounter_id, kind)
    encounter = await own_encounter(house, who, encounter_id)
    await _may_write(house, who, encounter, kind)
    return encounter


async def _may_write(house: Rooms, who: Principal, encounter: Encounter, kind: Kind) -> None:
    markers = await house.marking.markers(encounter)
    room = await met_in(house, encounter)
    theirs: tuple[str | None, ...] = {
        Kind.mark: markers.seats,
        Kind.sp_rating: (room.sp,),
        Kind.note: (encounter.candidate,),
        Kind.settlement: (markers.moderator,),
    }[kind]
    if kind is Kind.settlement and who.may(Permission.moderate) and person_of(who) not in theirs:
        raise Conflict(
            "Somebody else settles this encounter now. What you chose is kept, and does not count.", code="taken"
        )
    if _author(who, kind) not in theirs or not who.may(WRITERS[kind]):
        raise NotFound("There is no such form, or it is not yours to fill in.")
    early = {
        Kind.note: (Phase.waiting, Phase.reading),
        Kind.sp_rating: (Phase.waiting,),
        Kind.mark: (Phase.waiting,),
    }
    if encounter.phase in early.get(kind, ()):
        raise Conflict("This form opens when the consultation has begun.", code="too-early")


async def changes(request: web.Request) -> web.Response:
    """Saves changes. Those in conflict are not saved: they come back with what is stored."""
    asked = await body(request, Changes)
    house, form, encounter, layout = await _mine(request)
    if form.kind is Kind.note and encounter.phase is Phase.done:
        raise Conflict("The time for this note is over. What was saved before then is what counts.", code="too-late")
    done = await house.forms.save(
        form.id,
        [Change(one.field, one.value, one.base_version, one.change_id) for one in asked.changes],
        form.author_id,
        layout,
    )
    request.app[HUB].changed()
    return answer(
        {
            "saved": [{"change_id": s.change_id, "field": s.field, "version": s.version} for s in done.saved],
            "conflicts": [
                {"change_id": c.change_id, "field": c.field, "value": c.value, "version": c.version}
                for c in done.conflicts
            ],
        }
    )


async def submit(request: web.Request) -> web.Response:
    """Locks the form. Refused, with the list, while something is unmarked."""
    house, form, encounter, layout = await _mine(request)
    who = principal(request)
    if form.kind is Kind.settlement:
        return answer(await _view(house, await house.marking.settle(form.id, form.author_id, who), encounter))
    submitted = await house.forms.submit(form.id, form.author_id, layout)
    await house.people.record(who, f"{form.kind.value}.submit", form.id, {"encounter": encounter.id})
    return answer(await _view(house, submitted, encounter))


async def amend(request: web.Request) -> web.Response:
    """Opens a submitted form again, with a reason that stays with it."""
    asked = await body(request, Reason)
    house, form, encounter, _layout = await _mine(request)
    who = principal(request)
    if form.kind is Kind.calibration:
        raise Invalid("An attempt is not amended: mark the recording again from the start.", code="no-amendment")
    opened = await house.forms.amend(form.id, asked.reason, form.author_id)
    await house.people.record(who, f"{form.kind.value}.amend", form.id, {"encounter": encounter.id})
    return answer(await _view(house, opened, encounter))


async def _mine(request: web.Request) -> tuple[Rooms, WritableForm, Encounter, Layout]:
    house = rooms(request)
    who = principal(request)
    form = await house.forms.form(request.match_info["id"])
    encounter = await _to_write(house, who, form.encounter_id, form.kind)
    if form.author_id != _author(who, form.kind):
        raise NotFound("There is no such form, or it is not yours to fill in.")
    return house, form, encounter, layout_of(await house.stations.get(encounter.station_hash))


async def _view(house: Rooms, form: WritableForm, encounter: Encounter) -> dict[str, Any]:
    layout = layout_of(await house.stations.get(encounter.station_hash))
    progress = house.forms.progress(form, layout)
    return {
        "id": form.id,
        "live": await _live(house, form) if form.kind is Kind.mark else {},
        "kind": form.kind.value,
        "encounter": form.encounter_id,
        "state": form.state.value,
        "marked": progress.marked,
        "total": progress.total,
        "fields": {
            name: {"value": field.value, "version": field.version, "at_ms": field.at_ms}
            for name, field in form.fields.items()
        },
    }


async def _live(house: Rooms, form: Form) -> dict[str, Any]:
    """What was marked while the consultation ran, as it stood at its end; the recording changes it no more."""
    span = await house.ledger.consultation(form.encounter_id)
    if span is None or form.created_ms > span[1]:
        return {}
    entries = (await house.forms.history(form.id)).entries
    live = {one.field: one.value for one in entries if one.at_ms <= span[1]}
    return {name: value for name, value in live.items() if value and (name == "global" or name.startswith("item."))}


ROUTES = [
    Route("GET", "/api/encounters/{id}/forms/{kind}", own_form, Access.signed_in, "Your own form of a kind"),
    Route("POST", "/api/forms/{id}/changes", changes, Access.signed_in, "Save changes", Changes),
    Route("POST", "/api/forms/{id}/submit", submit, Access.signed_in, "Submit"),
    Route("POST", "/api/forms/{id}/amend", amend, Access.signed_in, "Open a submitted form again", Reason),
]

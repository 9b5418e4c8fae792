"""A standard-setting panel: opened, moved on and closed by the organiser, judged by its judges."""

from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from teleosce.core.errors import NotFound
from teleosce.people import Permission
from teleosce.reports import Panel, PanelState
from teleosce.web.access import exam_of, oversees
from teleosce.web.context import principal, rooms
from teleosce.web.panel_view import may_see, progress
from teleosce.web.routing import Route, answer, body


class PanelOpen(BaseModel):
    """Who judges: seats of examiners and moderators."""

    model_config = ConfigDict(extra="forbid")
    judges: list[str] = Field(min_length=2, max_length=100)


class PanelMove(BaseModel):
    """Where a panel that was `version` goes, and whether its judges see the cohort's facility."""

    model_config = ConfigDict(extra="forbid")
    version: int = Field(ge=1, le=2**31)
    state: PanelState | None = None
    facility: bool | None = None


class Judged(BaseModel):
    """Of a hundred borderline candidates `percent` do an item; null takes it back."""

    model_config = ConfigDict(extra="forbid")
    station: str = Field(max_length=64)
    item: str = Field(max_length=64)
    percent: float | None = Field(ge=0, le=100)


class Judgements(BaseModel):
    """What a judge says in the round that is open."""

    model_config = ConfigDict(extra="forbid")
    values: list[Judged] = Field(min_length=1, max_length=2000)


async def state(request: web.Request) -> web.Response:
    """The newest panel: where it is, and how far its judges are; a judge is told of nobody else."""
    house, who, exam_id = rooms(request), principal(request), request.match_info["exam"]
    panel = await house.results.panels.newest(exam_id)
    if panel is None or not may_see(who, exam_id, panel):
        raise NotFound("There is no panel, or it does not ask you.", code="no-panel")
    newest, stations = await house.results.panels.newest_of(panel), await house.results.panels.stations(exam_id)
    seen = panel.judges if oversees(who, exam_id) else [who.seat_id or ""]
    return answer(
        {**_panel(panel), "judges": [{"seat": one, **progress(newest, panel, one, stations)} for one in seen]}
    )


async def open_panel(request: web.Request) -> web.Response:
    """Opens a panel for its first round."""
    house, exam_id = rooms(request), exam_of(request, oversees)
    await house.exams.exam(exam_id)
    asked = await body(request, PanelOpen)
    return answer(_panel(await house.results.panels.open(exam_id, asked.judges, principal(request))), status=201)


async def move(request: web.Request) -> web.Response:
    """Moves the panel on."""
    house, exam_id = rooms(request), exam_of(request, oversees)
    asked = await body(request, PanelMove)
    done = await house.results.panels.move(
        exam_id, asked.version, principal(request), state=asked.state, facility=asked.facility
    )
    return answer(_panel(done))


async def judgements(request: web.Request) -> web.Response:
    """Saves what a judge expects, in the round that is open."""
    house, who, exam_id = rooms(request), principal(request), request.match_info["exam"]
    asked = await body(request, Judgements)
    if who.seat_id is None or who.exam_id != exam_id:
        raise NotFound("There is no panel that asks you.", code="no-panel")
    said = [(one.station, one.item, one.percent) for one in asked.values]
    await house.results.panels.judge(exam_id, who.seat_id, said)
    return answer({"saved": len(said)})


def _panel(panel: Panel) -> dict[str, Any]:
    return {
        "number": panel.number,
        "state": panel.state.value,
        "facility": panel.facility,
        "version": panel.version,
    }


_BASE = "/api/exams/{exam}/panel"
ROUTES = [
    Route("GET", _BASE, state, Permission.judge, "Where a panel is"),
    Route("POST", _BASE, open_panel, Permission.run_exam, "Open a panel of judges", PanelOpen, status=201),
    Route("POST", f"{_BASE}/move", move, Permission.run_exam, "Move a panel on", PanelMove),
    Route("POST", f"{_BASE}/judgements", judgements, Permission.judge, "Say what is expected", Judgements),
]

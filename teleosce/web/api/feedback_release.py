"""What an organiser does about feedback: what candidates see, who is told that it can be read, and all of it as PDF."""

import asyncio
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from teleosce.core.errors import Conflict
from teleosce.people import Permission, Role, Seat
from teleosce.reports import Feedback, FeedbackState, Run, standing_of
from teleosce.scoring import FeedbackRules
from teleosce.web.access import exam_of, oversees, seat_of
from teleosce.web.api.invitations import address
from teleosce.web.context import Rooms, principal, rooms
from teleosce.web.feedback import feedbacks_of, since_words
from teleosce.web.files import named
from teleosce.web.plans import feedback_letters_of, schedule_in
from teleosce.web.routing import Route, answer, body
from teleosce.web.runs_view import run_of as decision_run


class FeedbackSave(BaseModel):
    """The next version of what was `version` when it was read."""

    model_config = ConfigDict(extra="forbid")
    rules: FeedbackRules
    version: int = Field(ge=0, le=2**31)


class FeedbackLetters(BaseModel):
    """To whom; who was told before is not told again, unless `again`. A page asks for a few at a time."""

    model_config = ConfigDict(extra="forbid")
    seats: list[str] = Field(min_length=1, max_length=50)
    again: bool = False


async def rules(request: web.Request) -> web.Response:
    """What candidates see beside their result; version 0 means that the defaults hold."""
    exam_id = exam_of(request, oversees)
    await rooms(request).exams.exam(exam_id)
    return answer((await feedbacks_of(rooms(request)).rules(exam_id)).plain())


async def set_rules(request: web.Request) -> web.Response:
    """Keeps the next version; 409, with what is kept, when somebody else's came first."""
    house, exam_id = rooms(request), exam_of(request, oversees)
    asked = await body(request, FeedbackSave)
    await house.exams.exam(exam_id)
    kept = await feedbacks_of(house).set_rules(exam_id, asked.rules, asked.version, principal(request))
    return answer(kept.plain())


async def letters(request: web.Request) -> web.Response:
    """Which candidates can read their result now, and who of them was told."""
    return answer(await _letters(rooms(request), exam_of(request, oversees)))


async def mail(request: web.Request) -> web.Response:
    """Mails a link to candidates who can read their result now."""
    house, exam_id = rooms(request), exam_of(request, oversees)
    asked = await body(request, FeedbackLetters)
    states = await states_of(house, exam_id)
    early = [one for one in asked.seats if states.get(one) is not FeedbackState.released]
    if early:
        raise Conflict(
            f"{len(early)} of them cannot read a result yet, so nobody was told. Release the results first, or wait "
            "until their time has come.",
            code="not-released",
        )
    schedule = await schedule_in(house, exam_id)
    done = await feedback_letters_of(house).send(
        schedule, address(house, request), only=asked.seats, again=asked.again, by=principal(request)
    )
    told = {"sent": len(done.sent), "failed": [{"name": seat.name, "why": why} for seat, why in done.failed]}
    return answer(told | await _letters(house, exam_id))


async def states_of(house: Rooms, exam_id: str) -> dict[str, FeedbackState]:
    """How far each candidate's result is, by seat."""
    releases, now_ms = await house.results.releases(exam_id), house.clock.now_ms()
    found = {
        seat.id: standing_of(releases, seat.group, now_ms)
        for seat in await house.people.seats(exam_id)
        if seat.role is Role.candidate
    }
    runs = {one.run_id: await house.results.one(one.run_id) for _, one in found.values() if one is not None}
    return {
        seat: FeedbackState.absent
        if state is FeedbackState.released and release and seat not in runs[release.run_id].found["candidates"]
        else state
        for seat, (state, release) in found.items()
    }


async def _letters(house: Rooms, exam_id: str) -> dict[str, Any]:
    states = await states_of(house, exam_id)
    known = await feedback_letters_of(house).of(exam_id)
    people = []
    for seat in await house.people.seats(exam_id):
        if seat.id in states:
            one = known.get(seat.id)
            sent: Mapping[str, Any] = {"state": "", "at_ms": None, "why": ""}
            if one is not None:
                sent = {"state": one.state, "at_ms": one.at_ms, "why": one.why}
            person = {"seat": seat.id, "name": seat.name, "number": seat.number, "email": seat.email}
            people.append(person | {"shown": states[seat.id].value} | dict(sent))
    return {"can_mail": bool(house.settings.smtp_host and house.settings.smtp_from), "people": people}


async def run_of(request: web.Request) -> Run:
    """The decision run that is meant, of the organiser's exam. Raises NotFound."""
    return await decision_run(rooms(request), exam_of(request, oversees), request.match_info["run"])


async def one_pdf(request: web.Request) -> web.Response:
    """One candidate's feedback of a run, as they would get it."""
    house, run = rooms(request), await run_of(request)
    seat = await seat_of(house, run.exam_id, request.match_info["seat"])
    found, since = await previewed(house, seat, run)
    return await pdf_response(found, since)


async def previewed(house: Rooms, seat: Seat, run: Run) -> tuple[Feedback, str]:
    """A candidate's feedback of a run, released or not, and what is said of its release."""
    standing = await feedbacks_of(house).standing(seat)
    from_ms = standing.from_ms if standing.run is not None and standing.run.id == run.id else None
    found = await feedbacks_of(house).of(seat, run, from_ms or 0)
    return found, since_words(from_ms, found.zone)


async def pdf_response(found: Feedback, since: str) -> web.Response:
    """The file, made on a thread."""
    from teleosce.reports.feedback_pdf import feedback_pdf

    content = await asyncio.to_thread(feedback_pdf, found, since)
    return web.Response(body=content, headers=named(f"{found.exam} feedback.pdf", "application/pdf"))


async def all_pdfs(request: web.Request) -> web.StreamResponse:
    """Every candidate's feedback of a run, in one ZIP file that begins to arrive at once."""
    from teleosce.reports.feedback_pdf import FeedbackZip

    house, run = rooms(request), await run_of(request)
    known = run.found["candidates"]
    seats = [seat for seat in await house.people.seats(run.exam_id) if seat.id in known]
    exam = await house.exams.exam(run.exam_id)
    await house.people.record(principal(request), "feedback.pdfs", run.exam_id, {"run": run.id, "count": len(seats)})
    releases, now_ms = await house.results.releases(run.exam_id), house.clock.now_ms()
    response = web.StreamResponse(headers=named(f"{exam.title} feedback, run {run.number}.zip", "application/zip"))
    await response.prepare(request)
    made, feedbacks = FeedbackZip(), feedbacks_of(house)
    for seat in seats:
        _, release = standing_of(releases, seat.group, now_ms)
        shown = release is not None and release.run_id == run.id and release.shows(seat.group, now_ms)
        since = since_words(release.from_ms if release and shown else None, exam.zone)
        found = await feedbacks.of(seat, run, 0)
        await response.write(await asyncio.to_thread(made.add, found, since))
    await response.write(made.end())
    await response.write_eof()
    return response


_RULES, _LETTERS = "/api/exams/{exam}/feedback/rules", "/api/exams/{exam}/feedback/letters"
_RUN = "/api/exams/{exam}/feedback/runs/{run}"
ROUTES = [
    Route("GET", _RULES, rules, Permission.run_exam, "What candidates see beside their result"),
    Route("POST", _RULES, set_rules, Permission.run_exam, "Change what candidates see", FeedbackSave),
    Route("GET", _LETTERS, letters, Permission.issue_links, "Who can read their result, and was told"),
    Route("POST", _LETTERS, mail, Permission.issue_links, "Tell candidates that they can read it", FeedbackLetters),
    Route(
        "GET",
        _RUN + ".zip",
        all_pdfs,
        Permission.export_data,
        "All feedback of a decision run, as PDF",
        gives=("application/zip",),
    ),
    Route(
        "GET",
        _RUN + "/{seat}.pdf",
        one_pdf,
        Permission.export_data,
        "One candidate's feedback, as PDF",
        gives=("application/pdf",),
    ),
]

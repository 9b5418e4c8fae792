"""Decision runs of an exam: what one would find, deciding, what two differ in; release and withdrawal."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from teleosce.core.errors import Invalid, NotFound
from teleosce.people import Permission, Role
from teleosce.reports import Difference, Release, ResultRules, Run, RunHead
from teleosce.reports.findings import of_run
from teleosce.web.access import exam_of, oversees
from teleosce.web.context import principal, rooms
from teleosce.web.results_view import Frame, frame_of
from teleosce.web.routing import Route, answer, body
from teleosce.web.runs_view import candidate_rows, missing_of, run_of


class RuleToTry(BaseModel):
    """A rule whose pass list is wanted."""

    model_config = ConfigDict(extra="forbid")
    rules: ResultRules


class Decide(RuleToTry):
    """A rule to decide by. stamp: of the marks as they were when the pass list was looked at."""

    stamp: str | None = Field(None, max_length=64)


class SetRules(RuleToTry):
    """The exam's next rule, in place of the one that was `version` when it was read."""

    version: int = Field(ge=0, le=2**31)


class ToRelease(BaseModel):
    """A run to release: to all candidates or a group, now or from a time of the exam's own clocks on."""

    model_config = ConfigDict(extra="forbid")
    run: str = Field(max_length=40)
    group: str | None = Field(None, max_length=40)
    at: str | None = Field(None, max_length=20, description="YYYY-MM-DDTHH:MM in the exam’s zone; null: now")


class Withdraw(BaseModel):
    """Why a release is taken back."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field(min_length=1, max_length=500)


async def preview(request: web.Request) -> web.Response:
    """What a run by this rule would find, beside what the last run found. Nothing is kept."""
    asked = await body(request, RuleToTry)
    house, exam_id = rooms(request), exam_of(request, oversees)
    frame = await frame_of(house, exam_id)
    seen = await house.analyses.preview(exam_id, asked.rules)
    runs = await house.results.heads(exam_id)
    last = await house.results.one(runs[-1].id) if runs else None
    passed = [one["passed"] for one in seen.found["candidates"].values()]
    return answer(
        {
            "stamp": seen.stamp,
            "said": of_run(seen.found),
            "passed": sum(one is True for one in passed),
            "judged": sum(one is not None for one in passed),
            "marks": int(sum(own["stations_sat"] for own in seen.found["candidates"].values())),
            "missing": missing_of(frame, seen.found),
            "cuts": [
                {"title": one["title"], "cut": one.get("cut"), "why": one.get("why")} for one in seen.found["stations"]
            ],
            "candidates": candidate_rows(frame, seen.found),
            "against": _against(frame, last, seen.found) if last else None,
            "next": len(runs) + 1,
        }
    )


def _against(frame: Frame, run: Run, found: Mapping[str, Any]) -> dict[str, Any]:
    before, after = run.found["candidates"], found["candidates"]
    gained, lost = (
        sorted(
            frame.short(seat) for seat in {**before, **after} if (_passed(after, seat), _passed(before, seat)) == which
        )
        for which in ((True, False), (False, True))
    )
    return {"number": run.number, "more": gained, "fewer": lost}


def _passed(candidates: Mapping[str, Any], seat: str) -> bool:
    return candidates.get(seat, {}).get("passed") is True


async def runs(request: web.Request) -> web.Response:
    """The runs of an exam, oldest first."""
    house, exam_id = rooms(request), exam_of(request, oversees)
    await house.exams.exam(exam_id)
    return answer({"runs": [_run(one) for one in await house.results.heads(exam_id)]})


async def decide(request: web.Request) -> web.Response:
    """Decides about every candidate, for good."""
    asked = await body(request, Decide)
    house, exam_id = rooms(request), exam_of(request, oversees)
    await house.exams.exam(exam_id)
    run = await house.results.run(exam_id, asked.rules, principal(request), asked.stamp)
    return answer(_run(run.head), status=201)


async def run(request: web.Request) -> web.Response:
    """A run, whole: rule, inputs, and each candidate's result."""
    house, exam_id = rooms(request), exam_of(request, oversees)
    found = await run_of(house, exam_id, request.match_info["run"])
    return answer({**_run(found.head), "inputs": dict(found.inputs), "found": dict(found.found)})


async def candidate(request: web.Request) -> web.Response:
    """What a run says of a candidate, down to the key presses, as it was when it ran."""
    house, exam_id = rooms(request), exam_of(request, oversees)
    found = await run_of(house, exam_id, request.match_info["run"])
    frame = await frame_of(house, exam_id)
    told = await house.results.unfold(found.id, request.match_info["candidate"])
    presses = [press for one in told["stations"] for item in one["items"] for press in item["changes"]]
    authors = {press["author_id"] for press in presses} | {
        form["author"] for one in told["stations"] for form in one["forms"]
    }
    return answer(
        {
            **told,
            "people": {one: frame.name(one) for one in authors},
            "times": {str(at): frame.when(at) for at in {press["at_ms"] for press in presses}},
        }
    )


async def set_rules(request: web.Request) -> web.Response:
    """Sets the exam's rule, by which it is to be decided."""
    asked = await body(request, SetRules)
    house, exam_id = rooms(request), exam_of(request, oversees)
    await house.exams.exam(exam_id)
    kept = await house.results.set_rules(exam_id, asked.rules, asked.version, principal(request))
    return answer(kept.plain())


async def differences(request: web.Request) -> web.Response:
    """About whom two runs do not say the same."""
    house, exam_id = rooms(request), exam_of(request, oversees)
    before = await run_of(house, exam_id, request.match_info["run"])
    after = await run_of(house, exam_id, request.match_info["other"])
    found = await house.results.differences(before.id, after.id)
    return answer({"before": before.number, "after": after.number, "differences": [_difference(one) for one in found]})


async def releases(request: web.Request) -> web.Response:
    """All releases of an exam, oldest first, those withdrawn included."""
    house, exam_id = rooms(request), exam_of(request, oversees)
    await house.exams.exam(exam_id)
    return answer({"releases": [_release(one) for one in await house.results.releases(exam_id)]})


async def release(request: web.Request) -> web.Response:
    """Lets candidates see a run from now, or from a later time on."""
    asked = await body(request, ToRelease)
    house, exam_id = rooms(request), exam_of(request, oversees)
    exam = await house.exams.exam(exam_id)
    found = await run_of(house, exam_id, asked.run)
    groups = {one.group for one in await house.people.seats(exam_id) if one.role is Role.candidate}
    if asked.group is not None and asked.group not in groups:
        raise NotFound(f"No candidate of this exam is in a group “{asked.group}”. Nothing was released.")
    from_ms = None if asked.at is None else moment(asked.at, exam.zone, house.clock.now_ms())
    return answer(_release(await house.results.release(found.id, principal(request), asked.group, from_ms)), status=201)


def moment(said: str, zone: str, now_ms: int) -> int:
    """A time of a zone's clocks in ms UTC. Raises Invalid for one that is none, does not exist there, or is over."""
    try:
        local = datetime.strptime(said[:16], "%Y-%m-%dT%H:%M")  # noqa: DTZ007 the zone is the exam's
    except ValueError:
        raise Invalid(
            "The time of the release is not a date and a time. Nothing was released.", code="no-time"
        ) from None
    at = local.replace(tzinfo=ZoneInfo(zone))
    if at.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) != local:
        raise Invalid(
            f"{local.day} {local:%B %Y %H:%M} does not exist in {zone}: the clocks change then. Nothing was released.",
            code="no-such-time",
        )
    at_ms = int(at.timestamp() * 1000)
    if at_ms < now_ms:
        raise Invalid("That time is over. To release at once, choose “Now”. Nothing was released.", code="over")
    return at_ms


async def withdraw(request: web.Request) -> web.Response:
    """Takes a release back, with its reason; those who saw results by it see none, nor what it had replaced."""
    asked = await body(request, Withdraw)
    house, exam_id = rooms(request), exam_of(request, oversees)
    reason = asked.reason.strip()
    if not reason:
        raise Invalid("Say why it is withdrawn: the reason is kept with it. Nothing was withdrawn.")
    await house.results.withdraw(request.match_info["release"], exam_id, principal(request), reason)
    return answer({"releases": [_release(one) for one in await house.results.releases(exam_id)]})


def _run(one: RunHead) -> dict[str, Any]:
    return {
        "id": one.id,
        "number": one.number,
        "by": one.by,
        "at_ms": one.at_ms,
        "rules": one.rules.model_dump(mode="json"),
        "marks": one.marks,
        "inputs_hash": one.inputs_hash,
        "said": one.said,
    }


def _difference(one: Difference) -> dict[str, Any]:
    return vars(one)


def _release(one: Release) -> dict[str, Any]:
    return {**vars(one), "run": one.run_id}


_BASE = "/api/exams/{exam}/results"
_NEEDS = Permission.run_exam
ROUTES = [
    Route("POST", f"{_BASE}/preview", preview, _NEEDS, "What a run would find", RuleToTry),
    Route("GET", f"{_BASE}/runs", runs, _NEEDS, "The decision runs of an exam"),
    Route("POST", f"{_BASE}/runs", decide, _NEEDS, "Decide about every candidate", Decide, status=201),
    Route("GET", f"{_BASE}/runs/{{run}}", run, _NEEDS, "A decision run, whole"),
    Route("GET", f"{_BASE}/runs/{{run}}/candidates/{{candidate}}", candidate, _NEEDS, "A result to its key presses"),
    Route("POST", f"{_BASE}/rules", set_rules, _NEEDS, "Set the rule of an exam", SetRules),
    Route("GET", f"{_BASE}/runs/{{run}}/differences/{{other}}", differences, _NEEDS, "What two runs differ in"),
    Route("GET", f"{_BASE}/releases", releases, _NEEDS, "The releases of an exam"),
    Route("POST", f"{_BASE}/releases", release, _NEEDS, "Release a run", ToRelease, status=201),
    Route("POST", f"{_BASE}/releases/{{release}}/withdraw", withdraw, _NEEDS, "Withdraw a release", Withdraw),
]

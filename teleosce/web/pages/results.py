"""The organiser's pages of an exam's results: a page for each question that people ask."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from teleosce.core.errors import NotFound
from teleosce.people import Permission, Role
from teleosce.planning.schedule import place_name
from teleosce.reports import Release, RunHead, findings
from teleosce.reports.findings import METHOD_NAMES, THUMBS
from teleosce.reports.shown import coming, seen_later, seen_now, shown, whom
from teleosce.web.access import exam_of, oversees
from teleosce.web.context import rooms
from teleosce.web.rendering import page
from teleosce.web.results_view import TABS, Frame, frame_of, lines_view, missing_words, rule_words
from teleosce.web.routing import Route
from teleosce.web.runs_view import (
    candidate_row,
    candidate_rows,
    difference_rows,
    difference_words,
    encounters_of,
    missing_of,
    names_of_staff,
    plot_of,
    run_of,
    run_row,
    who,
)


async def sound(request: web.Request) -> web.Response:
    """Is the exam sound?"""
    frame = await frame_of(rooms(request), exam_of(request, oversees))
    found = frame.found and frame.found["sound"]
    context: dict[str, Any] = {}
    if found:
        texts = await _item_texts(request, found)
        context = {
            "finding": findings.of_sound(found),
            "error": findings.of_error(found),
            "study_said": findings.of_study(found["generalizability"]),
            "stations_said": findings.of_stations(found["stations"]),
            "missing": missing_words(found),
            "texts": texts,
        }
    return _page(request, frame, "", "results-sound.html", sound=found, **context)


async def _item_texts(request: web.Request, found: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    stations = rooms(request).stations
    return {
        one["key"]: {item.id: item.text for item in (await stations.get(one["key"])).mark_sheet.items}
        for one in found["stations"]
    }


async def line(request: web.Request) -> web.Response:
    """Where is the line?"""
    frame = await frame_of(rooms(request), exam_of(request, oversees))
    lines = frame.found["lines"] if frame.found else []
    return _page(
        request,
        frame,
        "line",
        "results-line.html",
        finding=findings.of_lines(lines, METHOD_NAMES) if lines else "",
        lines=lines_view(frame, lines),
        every=lines,
        stations=[one["title"] for one in frame.found["sound"]["stations"]] if frame.found else [],
        kept=await rooms(request).results.kept_rules(frame.exam.id),
        rule_words=rule_words,
    )


async def examiners(request: web.Request) -> web.Response:
    """Are the examiners fair?"""
    frame = await frame_of(rooms(request), exam_of(request, oversees))
    fair = frame.found and frame.found["fair"]
    context: dict[str, Any] = {"fair": fair}
    if fair:
        model = fair.get("stringency", {})
        context |= {
            "finding": findings.of_fair(fair),
            "agreement_said": findings.of_agreement(fair["agreement"]) if "agreement" in fair else "",
            "adjusted_said": findings.of_adjusted(fair["adjusted"]) if "adjusted" in fair else "",
            "examiners": sorted(model.get("examiners", ()), key=lambda one: -abs(one["effect"])),
            "drifting": [
                one for one in fair.get("drift", ()) if one["value"] is not None and one["low"] * one["high"] > 0
            ],
            "links": _links(frame) if model.get("links", 1) > 1 else [],
        }
    else:
        context["links"] = []
    return _page(request, frame, "examiners", "results-examiners.html", **context)


def _links(frame: Frame) -> list[dict[str, Any]]:
    """The recordings that are proposed for linked marking, by examiner."""
    assert frame.found is not None
    titles = {one["key"]: one["title"] for one in frame.found["sound"]["stations"]}
    found: dict[tuple[str, str], list[str]] = {}
    for one in frame.found["fair"].get("links", ()):
        where = f"{titles.get(one['station'], '')}, {one['circuit']}"
        found.setdefault((one["examiner"], where), []).append(one["encounter"])
    return [{"seat": seat, "where": where, "encounters": ids} for (seat, where), ids in sorted(found.items())]


async def decisions(request: web.Request) -> web.Response:
    """Who passed? A run, all runs, and what two of them differ in."""
    house, exam_id = rooms(request), exam_of(request, oversees)
    frame = await frame_of(house, exam_id)
    every = await house.results.heads(exam_id)
    head = _numbered(every, request.query.get("run"), every[-1] if every else None)
    context: dict[str, Any] = {"run": None, "runs": []}
    if head is not None:
        staff, run = await names_of_staff(house), await house.results.one(head.id)
        against = _numbered(every, request.query.get("against"), None)
        other = await house.results.one(against.id) if against else None
        found = await house.results.differences(other.id, run.id) if other else []
        context = {
            "run": run_row(frame, staff, head),
            "rows": candidate_rows(frame, run.found),
            "missing": missing_of(frame, run.found),
            "fresh": frame.found["inputs"] == run.inputs_hash if frame.found and frame.look.current else None,
            "runs": [run_row(frame, staff, one) for one in reversed(every)],
            "against": other.number if other else None,
            "changes": difference_rows(frame, found, run),
            "changes_said": difference_words(frame, found, other, run) if other else [],
        }
    return _page(request, frame, "decisions", "results-decisions.html", **context)


async def candidate(request: web.Request) -> web.Response:
    """All that a run says of one candidate: beside the others, down to the key presses, and what an appeal asks for."""
    house, exam_id = rooms(request), exam_of(request, oversees)
    frame = await frame_of(house, exam_id)
    run = await run_of(house, exam_id, request.match_info["run"])
    seat = request.match_info["candidate"]
    if seat not in run.found["candidates"]:
        raise NotFound("This decision run says nothing of this person.", code="no-candidate")
    return _page(
        request,
        frame,
        "decisions",
        "results-candidate.html",
        run=run_row(frame, await names_of_staff(house), run.head),
        one=candidate_row(frame, seat, run.found["candidates"][seat]),
        plot_of=await plot_of(house, run, seat),
        encounters=await encounters_of(house, run, seat),
        missing=[each["why"] for each in run.found.get("missing", ()) if each["candidate"] == seat],
    )


def _numbered(runs: Sequence[RunHead], said: str | None, default: RunHead | None) -> RunHead | None:
    """The run with a number. Raises NotFound when there is none."""
    if not said:
        return default
    for one in runs:
        if str(one.number) == said:
            return one
    raise NotFound("There is no decision run of this number.", code="no-run")


async def release(request: web.Request) -> web.Response:
    """What candidates see, releasing a run and taking it back."""
    house, exam_id = rooms(request), exam_of(request, oversees)
    frame = await frame_of(house, exam_id)
    runs = await house.results.heads(exam_id)
    releases = await house.results.releases(exam_id)
    numbers, now_ms = {one.id: one.number for one in runs}, house.clock.now_ms()
    candidates = [one for one in frame.people.values() if one.role is Role.candidate]
    staff = await names_of_staff(house)
    groups = Counter(one.group for one in candidates if one.group)
    parts = {each.group for each in candidates}
    seen = {one.id for group in parts if (one := shown(releases, group, now_ms))}
    later = {one.id for group in parts for one in coming(releases, group, now_ms)}
    return _page(
        request,
        frame,
        "release",
        "results-release.html",
        now=seen_now(releases, [one.group for one in candidates], numbers, now_ms),
        later=seen_later(releases, numbers, now_ms, frame.when),
        runs=[run_row(frame, staff, one) for one in reversed(runs)],
        groups=sorted(groups.items()),
        candidates=len(candidates),
        zone=place_name(frame.exam.zone),
        releases=[
            {
                "id": one.id,
                "number": numbers[one.run_id],
                "whom": whom(one.group),
                "from": frame.when(one.from_ms),
                "who": who(frame, staff, one.by),
                "at": frame.when(one.at_ms),
                "state": "withdrawn"
                if one.withdrawn_ms is not None
                else "coming"
                if one.id in later
                else "shown"
                if one.id in seen
                else "covered",
                "withdrawn": _withdrawn(frame, staff, one),
            }
            for one in reversed(releases)
        ],
    )


def _withdrawn(frame: Frame, staff: Mapping[str, str], one: Release) -> str:
    if one.withdrawn_ms is None:
        return ""
    said = f"{frame.when(one.withdrawn_ms)}, {who(frame, staff, one.withdrawn_by)}"
    return f"{said}: {one.withdrawn_why}" if one.withdrawn_why else said


def _page(request: web.Request, frame: Frame, tab: str, template: str, **context: Any) -> web.Response:
    base = f"/results/{frame.exam.id}"
    return page(
        request,
        template,
        place="exams",
        exam=frame.exam,
        frame=frame,
        tab=tab,
        tabs=[(f"{base}/{path}".rstrip("/"), title, path == tab) for path, title in TABS],
        thumbs=THUMBS,
        number=findings.number,
        names=METHOD_NAMES,
        **context,
    )


ROUTES = [
    Route("GET", "/results/{exam}", sound, Permission.run_exam, "Is the exam sound?"),
    Route("GET", "/results/{exam}/line", line, Permission.run_exam, "Where is the line?"),
    Route("GET", "/results/{exam}/decisions", decisions, Permission.run_exam, "Who passed?", query=("run", "against")),
    Route(
        "GET",
        "/results/{exam}/decisions/{run}/{candidate}",
        candidate,
        Permission.run_exam,
        "All that a decision run says of one candidate",
    ),
    Route("GET", "/results/{exam}/release", release, Permission.run_exam, "What candidates see"),
    Route("GET", "/results/{exam}/examiners", examiners, Permission.run_exam, "Are the examiners fair?"),
]

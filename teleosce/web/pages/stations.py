"""The station bank: stations with their versions and the exams that use them, and a version as its readers see it."""

import asyncio
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from aiohttp import web

from teleosce.core.errors import NotFound
from teleosce.exams import Exam
from teleosce.people import Permission
from teleosce.stations import Finding, StationVersion
from teleosce.stations.command import check_paths, station_folders
from teleosce.web.context import Rooms, principal, rooms
from teleosce.web.heard import heard_at, told, yaml_line
from teleosce.web.rendering import markdown, page
from teleosce.web.routing import Route, answer

VIEWS = ("candidate", "sp", "examiner")


async def bank(request: web.Request) -> web.Response:
    """All stations by title, the newest version of each first, and the folders with faults."""
    house = rooms(request)
    used = await _exams_by_station(house)
    findings = await asyncio.to_thread(_findings, house.settings.stations)
    entries = [
        await _entry(house, slug, list(versions), used, findings.pop(slug, []))
        for slug, versions in groupby(await house.stations.all(), lambda one: one.slug)
    ]
    entries.sort(key=lambda entry: str(entry["version"].title))
    newest = [entry["version"] for entry in entries]
    unread = [
        {"slug": slug, "version": None, "versions": [], "findings": found, "exams": []}
        for slug, found in findings.items()
        if found
    ]
    return page(
        request,
        "stations.html",
        place="stations",
        entries=entries + unread,
        domains={id_: title for version in newest for id_, title in version.domains.items()},
        specialties=sorted({version.specialty for version in newest if version.specialty}),
    )


def _findings(folder: Path) -> dict[str, list[Finding]]:
    return {one.name: check_paths([one]) for one in station_folders(folder)}


async def _entry(
    house: Rooms, slug: str, versions: list[StationVersion], used: dict[str, list[Exam]], findings: list[Finding]
) -> dict[str, Any]:
    exams = {exam.id: exam for version in versions for exam in used.get(version.hash, [])}
    frozen = [(version.hash, await house.stations.frozen_ms(version.hash)) for version in versions]
    return {
        "slug": slug,
        "version": versions[0],
        "versions": [{"hash": hash_, "frozen_ms": at_ms, "frozen": _day(at_ms)} for hash_, at_ms in frozen],
        "findings": findings,
        "exams": list(exams.values()),
    }


async def _exams_by_station(house: Rooms) -> dict[str, list[Exam]]:
    used: dict[str, list[Exam]] = {}
    for exam in await house.exams.exams():
        for station_hash in {slot.station_hash for slot in await house.exams.slots(exam.id)}:
            used.setdefault(station_hash, []).append(exam)
    return used


def _day(at_ms: int) -> str:
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return f"{at.day} {at:%B %Y}"


async def preview(request: web.Request) -> web.Response:
    """One version, as candidate, patient or examiner would see it (`?as=`)."""
    house = rooms(request)
    version = await house.stations.get(request.match_info["hash"])
    view = request.query.get("as", "candidate")
    if view not in VIEWS:
        raise NotFound("A station is seen as candidate, sp or examiner.")
    newest = next(one.hash for one in await house.stations.all() if one.slug == version.slug)
    heard = await heard_at(house, principal(request), version)
    return page(
        request,
        "station-preview.html",
        place="stations",
        version=version,
        view=view,
        door_note_html=markdown(version.door_note),
        script=[{"kind": part.kind, "title": part.title, "html": markdown(part.body)} for part in version.sp_script],
        newest=newest,
        heard=heard,
        yaml_line=yaml_line,
    )


async def words(request: web.Request) -> web.Response:
    """How much is heard wrongly at a station, and terms for its vocabulary, from what people corrected."""
    house = rooms(request)
    version = await house.stations.get(request.match_info["hash"])
    return answer(told(await heard_at(house, principal(request), version)))


async def stimulus(request: web.Request) -> web.StreamResponse:
    """A stimulus of a version, for the preview."""
    house = rooms(request)
    version = await house.stations.get(request.match_info["hash"])
    found = next((one for one in version.stimuli if one.id == request.match_info["stimulus"]), None)
    if found is None:
        raise NotFound("This station has no such material.")
    return stimulus_file(await house.stations.stimulus(version.hash, found.id), found.media_type)


def stimulus_file(path: Path, media_type: str) -> web.FileResponse:
    """A stimulus as a response. An SVG may hold scripts: as a document of its own it may run none."""
    return web.FileResponse(
        path,
        headers={
            "Content-Type": media_type,
            "Cache-Control": "private, no-store",
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        },
    )


ROUTES = [
    Route("GET", "/stations", bank, Permission.read_stations, "The station bank"),
    Route("GET", "/stations/{hash}", preview, Permission.read_stations, "A station's preview"),
    Route("GET", "/api/stations/{hash}/words", words, Permission.read_stations, "What corrections tell of a station"),
    Route("GET", "/stations/{hash}/stimuli/{stimulus}", stimulus, Permission.read_stations, "Its material"),
]

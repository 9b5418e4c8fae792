"""What every handler can reach: the rooms of the house, as one typed object on the application."""

from dataclasses import dataclass

from aiohttp import web

from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.core.events import Events
from teleosce.core.settings import Settings
from teleosce.exams import Day, Exams, Ledger
from teleosce.people import People, Principal
from teleosce.recording import Recordings
from teleosce.reports import Analyses, Results
from teleosce.reports.plots import Pictures
from teleosce.rtc import MediaServer
from teleosce.scoring import Calibration, Desks, Forms, Marking
from teleosce.stations import StationStore
from teleosce.transcripts import Transcripts
from teleosce.watching import Watching
from teleosce.web.large_model import LargeModel


@dataclass(frozen=True)
class Rooms:
    """The rooms, joined by `app.py`. `secret` signs media tickets."""

    settings: Settings
    secret: str
    clock: Clock
    events: Events
    database: Database
    people: People
    stations: StationStore
    exams: Exams
    day: Day
    ledger: Ledger
    media: MediaServer
    recordings: Recordings
    transcripts: Transcripts
    forms: Forms
    marking: Marking
    desks: Desks
    calibration: Calibration
    results: Results
    analyses: Analyses
    pictures: Pictures
    watching: Watching
    large_model: LargeModel


ROOMS: web.AppKey[Rooms] = web.AppKey("rooms", Rooms)
PRINCIPAL: web.RequestKey[Principal] = web.RequestKey("principal", Principal)


def rooms(request: web.Request) -> Rooms:
    """The rooms of the application that answers `request`."""
    return request.app[ROOMS]


def principal(request: web.Request) -> Principal:
    """Who asks. Set by the middleware on every route that needs a permission."""
    return request[PRINCIPAL]

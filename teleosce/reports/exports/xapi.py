"""What was done and decided in an exam as xAPI statements (1.0.3, ADL), for a learning record store. Pure.

A statement's id is a hash of what it says: sent twice it is the same, and a mark that was changed makes another one.
"""

import hashlib
import hmac
import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from teleosce.exams import Encounter, Outcome
from teleosce.reports.exports.material import Material, iso
from teleosce.scoring import COUNTS

VERBS = "http://adlnet.gov/expapi/verbs/"
ASSESSMENT = "http://adlnet.gov/expapi/activities/assessment"
_OURS = uuid.UUID("0d0e7d3c-5f0b-5c0e-8b57-6a1d1f0a9b2e")

Statement = dict[str, Any]


def statements_of(known: Material, base: str, secret: str, *, names: bool = False) -> Iterator[Statement]:
    """A statement for each encounter that was completed, and for each candidate about whom the run decided.

    base: the server's address, which all IRIs begin with. secret: makes pseudonyms of seats, which nobody without it
    can follow back; the same each time. names: whether people's names stand beside them.
    """
    scribe = _Scribe(known, base.rstrip("/"), secret, names)
    for encounter in known.encounters:
        if encounter.candidate and encounter.outcome is Outcome.completed:
            yield scribe.encounter(encounter, encounter.candidate)
    if known.run is not None:
        for candidate, own in known.run.found["candidates"].items():
            if own.get("passed") is not None:
                yield scribe.decision(candidate, own, known.run.at_ms, known.run.number)


class _Scribe:
    """Writes the statements of one exam."""

    def __init__(self, known: Material, base: str, secret: str, names: bool) -> None:
        self._known, self._base, self._secret, self._names = known, base, secret, names
        self._exam = {
            "objectType": "Activity",
            "id": f"{base}/xapi/exams/{known.exam.id}",
            "definition": {"type": ASSESSMENT, "name": {"en": known.exam.title}},
        }

    def encounter(self, encounter: Encounter, candidate: str) -> Statement:
        """That a candidate completed a station, with its checklist's score where a mark counts."""
        known, version = self._known, self._known.versions[encounter.station_hash]
        record = known.records.get(encounter.id)
        result: dict[str, Any] = {
            "completion": True,
            "extensions": {f"{self._base}/xapi/attempt": encounter.attempt},
        }
        if record is not None and record.status in COUNTS:
            total = record.total(known.layouts[encounter.station_hash])
            if total is not None:
                result["score"] = _score(total)
            result["extensions"][f"{self._base}/xapi/global-rating"] = record.value("global")
        station = {
            "objectType": "Activity",
            "id": f"{self._base}/xapi/exams/{known.exam.id}/stations/{version.slug}",
            "definition": {"type": ASSESSMENT, "name": {"en": version.title}},
        }
        more = {"contextActivities": {"parent": [self._exam]}, "revision": version.hash}
        return self._statement(
            candidate, "completed", station, result=result, at_ms=encounter.phase_started_ms, more=more
        )

    def decision(self, candidate: str, own: Mapping[str, Any], at_ms: int, run: int) -> Statement:
        """That a candidate passed the exam, or failed it, by a decision run."""
        result: dict[str, Any] = {
            "completion": True,
            "success": own["passed"],
            "extensions": {f"{self._base}/xapi/decision-run": run},
        }
        if own.get("total") is not None:
            result["score"] = _score(own["total"])
        verb = "passed" if own["passed"] else "failed"
        return self._statement(candidate, verb, self._exam, result=result, at_ms=at_ms, more={})

    def _statement(
        self, candidate: str, verb: str, activity: Statement, *, result: Statement, at_ms: int, more: Statement
    ) -> Statement:
        alias = hmac.new(self._secret.encode(), f"xapi:{candidate}".encode(), hashlib.sha256).hexdigest()[:32]
        actor: Statement = {"objectType": "Agent", "account": {"homePage": self._base, "name": alias}}
        seat = self._known.seats.get(candidate)
        if self._names and seat is not None:
            actor["name"] = seat.name
        said = {
            "version": "1.0.3",
            "actor": actor,
            "verb": {"id": VERBS + verb, "display": {"en": verb}},
            "object": activity,
            "result": result,
            "context": {
                "registration": str(uuid.uuid5(_OURS, f"{self._known.exam.id}:{alias}")),
                "platform": "teleosce",
                **more,
            },
            "timestamp": iso(at_ms),
        }
        return {"id": str(uuid.uuid5(_OURS, json.dumps(said, sort_keys=True))), **said}


def _score(percent: float) -> dict[str, float]:
    return {"scaled": round(percent / 100, 6), "raw": round(percent, 4), "min": 0, "max": 100}

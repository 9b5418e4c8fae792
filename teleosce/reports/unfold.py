"""A candidate's result down to the key presses: the total, its stations, their parts, items, forms, and each change.

Of a decision run everything is as it was when it ran: what a form held is folded from its history up to that moment,
and compared with the hash that the run kept (`as_decided`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from teleosce.core.errors import NotFound
from teleosce.exams import Cause, Encounter
from teleosce.reports.cohort import CHECKLIST, NOTE, SP_RATING
from teleosce.reports.export import Sources
from teleosce.reports.findings import domain_titles
from teleosce.reports.rules import ResultRules
from teleosce.reports.runs import Run, digest, held
from teleosce.scoring import Entry, Form, History, Kind, MarkedItem, layout_of
from teleosce.scoring.records import PARENTS, SOURCES
from teleosce.stations import StationVersion

Plain = dict[str, Any]


@dataclass(frozen=True)
class _Then:
    """A form as it was at a moment."""

    form: Form
    history: History
    at_ms: int

    @property
    def entries(self) -> list[Entry]:
        return [one for one in self.history.entries if one.at_ms <= self.at_ms]

    def value(self, name: str) -> Any:
        return next((one.value for one in reversed(self.entries) if one.field == name), None)

    def changes(self, name: str) -> list[Plain]:
        return [
            {"form": self.form.id, "kind": self.form.kind.value, **asdict(one)}
            for one in self.entries
            if one.field == name
        ]


async def unfold(sources: Sources, run: Run, candidate: str) -> Plain:
    """What a run says of a candidate, with `stations`, each with `parts`, `items`, `grade`, `forms`, `incidents`.

    An item has its `values` (one, or those of two marks), the `points` it gave of its `weight`, and `changes`: every
    value that its field ever had until then, by whom and when. An attempt has the seconds that were added to its
    consultation (`granted_s`). `why` says what is missing. `domains` are by key, `domain_titles`
    how each is called. Raises NotFound.
    """
    own = run.found["candidates"].get(candidate)
    if own is None:
        raise NotFound("There is no such candidate in these results.", code="no-candidate")
    mine = [one for one in await sources.exams.encounters(run.exam_id) if one.candidate == candidate]
    missing = [one for one in run.found.get("missing", ()) if one["candidate"] == candidate]
    stations = []
    versions = {one["key"]: await sources.stations.get(one["key"]) for one in run.found["stations"]}
    for at, station in enumerate(run.found["stations"]):
        here = [one for one in mine if one.station_hash == station["key"]]
        if not here:
            continue
        version = versions[station["key"]]
        counted = next((one for one in here if one.id in run.inputs), None)
        parts = {name: each[at] for name, each in own.get("parts", {}).items()}
        stations.append(
            {
                "key": station["key"],
                "title": station["title"],
                "score": own["scores"][at],
                "cut": station.get("cut"),
                "why": [one["why"] for one in missing if one["station"] == station["key"]],
                "attempts": [await _attempt(sources, one, one is counted) for one in here],
                "parts": _parts(parts, run.rules, version),
                **(
                    await _marks(sources, run, counted, version)
                    if counted
                    else {"items": [], "grade": None, "forms": []}
                ),
            }
        )
    titles = domain_titles(one.mark_sheet.domains for one in versions.values())
    named = {key: titles.get(key, key) for key in own["domains"]}
    about: Plain = {"candidate": candidate, "run": run.id or None, "at_ms": run.at_ms}
    return {**about, **own, "domain_titles": named, "stations": stations}


async def _attempt(sources: Sources, one: Encounter, counts: bool) -> Plain:
    log = await sources.exams.phase_log(one.id)
    return {
        "encounter": one.id,
        "attempt": one.attempt,
        "circuit": one.circuit,
        "outcome": one.outcome.value if one.outcome else None,
        "counts": counts,
        "granted_s": sum(int(entry.detail.split()[0]) for entry in log if entry.cause is Cause.time_added),
        "incidents": [
            {
                "id": incident.id,
                "kind": incident.kind.value,
                "lost_ms": incident.lost_ms,
                "decision": incident.decision.value if incident.decision else None,
                "note": incident.note,
            }
            for incident in await sources.exams.incidents_in([one.room])
        ],
    }


def _parts(percent: Mapping[str, float | None], rules: ResultRules, version: StationVersion) -> list[Plain]:
    weights = rules.weights_of(version.slug)
    given = {CHECKLIST: weights.checklist, SP_RATING: weights.sp_rating, NOTE: weights.note or 0}
    return [{"part": name, "weight": given[name], "percent": percent.get(name)} for name in given if given[name]]


async def _marks(sources: Sources, run: Run, encounter: Encounter, version: StationVersion) -> Plain:
    forms = {one.id: one for one in await sources.forms.of_encounter(encounter.id)}
    kept = run.inputs[encounter.id]
    then = {one: _Then(forms[one], await sources.forms.history(one), run.at_ms) for one in kept if one in forms}
    counting = [one for one in then.values() if one.form.kind is not Kind.sp_rating]
    rated = [one for one in then.values() if one.form.kind is Kind.sp_rating]
    sources_of = {one.form.id: await _parents(sources, one, forms) for one in counting}
    layout = layout_of(version)
    return {
        "items": [
            {
                "item": item.id,
                "text": item.text,
                "domain": version.mark_sheet.domains.get(item.domain, item.domain),
                "critical": item.critical,
                "note": item.note,
                **_points(layout.items[item.id], [one.value(f"item.{item.id}") for one in counting]),
                **_told(f"item.{item.id}", counting, sources_of),
            }
            for item in version.mark_sheet.items
        ],
        "grade": {
            "values": [one.value("global") for one in counting],
            **_told("global", counting, sources_of),
        },
        "sp_rating": [
            {
                "item": item.id,
                "text": item.text,
                "points": item.points,
                "value": one.value(f"sp.{item.id}"),
                "changes": one.changes(f"sp.{item.id}"),
            }
            for one in rated
            for item in version.mark_sheet.sp_rating
        ],
        "forms": [
            {
                "form": one.form.id,
                "kind": one.form.kind.value,
                "author": one.form.author_id,
                "hash": kept[one.form.id],
                "as_decided": _hash(one, version) == kept[one.form.id],
                "steps": [asdict(step) for step in one.history.steps if step.at_ms <= run.at_ms],
                "parents": [parent.form.id for parent in sources_of.get(one.form.id, ())],
            }
            for one in then.values()
        ],
    }


async def _parents(sources: Sources, one: _Then, forms: Mapping[str, Form]) -> list[_Then]:
    """The marks that a settlement was made of."""
    pinned = one.value(PARENTS) if one.form.kind is Kind.settlement else None
    ids = [each["form"] for each in (pinned or {}).values() if each and each["form"] in forms]
    return [_Then(forms[each], await sources.forms.history(each), one.at_ms) for each in ids]


def _points(item: MarkedItem, values: Sequence[Any]) -> Plain:
    """The points that an item gave of those that it is worth; of several marks their mean."""
    done = [share for one in values if (share := item.done(one)) is not None]
    points = item.weight * sum(done) / len(done) if done else None
    return {"values": list(values), "weight": item.weight, "points": points}


def _told(field: str, counting: Sequence[_Then], parents: Mapping[str, Sequence[_Then]]) -> Plain:
    """From which mark a value was settled and why, and all changes of its field in every form that bears on it."""
    changes, settled, reason = list[Plain](), "", ""
    for one in counting:
        if one.form.kind is Kind.settlement:
            settled = (one.value(SOURCES) or {}).get(field, "")
            reason = one.value(f"reason.{field}") or ""
        for each in (*parents[one.form.id], one):
            changes += each.changes(field)
    return {"settled_from": settled, "reason": reason, "changes": changes}


def _hash(one: _Then, version: StationVersion) -> str:
    sheet = version.mark_sheet
    if one.form.kind is Kind.sp_rating:
        return digest(
            {item.id: one.value(f"sp.{item.id}") for item in sorted(sheet.sp_rating, key=lambda item: item.id)}
        )
    items = {item.id: one.value(f"item.{item.id}") for item in sheet.items}
    return digest(held(items, one.value("global"), version.hash))

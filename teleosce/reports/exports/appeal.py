"""All there is of one encounter, for those who decide on an appeal: a page that opens without a network, and the data.

Nothing is about anybody else but those who took part in it, marked it, or decided on it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from teleosce.core.paths import WEB
from teleosce.core.signing import SigningKey
from teleosce.core.templates import environment
from teleosce.reports.export import Sources, export_texts, take_files
from teleosce.reports.exports.appeal_view import Facts, appeal_view
from teleosce.reports.exports.bundle import new_bundle, plain
from teleosce.reports.exports.material import SHOWN
from teleosce.reports.findings import domain_titles
from teleosce.reports.results import Results

STYLES = ("app.css", "tokens.css", "base.css", "components.css", "pages/appeal.css")
SCRIPT = "appeal.js"


async def facts_of(sources: Sources, results: Results, encounter_id: str) -> Facts:
    """Reads what is known of an encounter. Raises NotFound."""
    encounter = await sources.exams.encounter(encounter_id)
    exam = await sources.exams.exam(encounter.exam_id)
    forms = [one for one in await sources.forms.of_encounter(encounter_id) if one.kind in SHOWN]
    incidents = await sources.exams.incidents_in([encounter.room])
    subjects = (encounter_id, encounter.slot_id, *(one.id for one in forms), *(one.id for one in incidents))
    files = {path.name: name for name, path in (await take_files(sources, encounter_id)).items()}
    every = [await sources.stations.get(key) for key in await sources.exams.stations_of(exam.id)]
    return Facts(
        exam=exam,
        encounter=encounter,
        version=await sources.stations.get(encounter.station_hash),
        domains=domain_titles(one.mark_sheet.domains for one in every),
        seats={one.id: one for one in await sources.people.seats(exam.id)},
        forms=forms,
        histories=await sources.forms.histories([one.id for one in forms]),
        record=await sources.marking.record(encounter_id),
        rules=await sources.marking.rules(exam.id),
        assignments=[
            one for one in await sources.marking.assignments(exam.id, ended=True) if one.encounter_id == encounter_id
        ],
        runs=[one for one in await results.runs(exam.id) if encounter_id in one.inputs],
        altered=list((await results.altered(exam.id)).values()),
        releases=await results.releases(exam.id),
        incidents=incidents,
        phases=await sources.exams.phase_log(encounter_id),
        attendance=await sources.exams.attendance([encounter.room]),
        audit=await sources.people.audit_about(*subjects),
        manifest=await sources.recordings.manifest(encounter.room),
        files=files,
        accounts={one.id: one.name for one in (await sources.people.everybody())[1]},
        transcript=await sources.transcripts.get(encounter.room),
    )


async def write_appeal(
    sources: Sources, results: Results, encounter_id: str, target: Path, *, key: SigningKey, made_ms: int
) -> list[str]:
    """Writes the bundle of an encounter, a new folder or .zip, and returns the names in it.

    Raises NotFound, Invalid when there is something at `target`, Unavailable when the disk does not let it. Blocks:
    recordings are copied.
    """
    facts = await facts_of(sources, results, encounter_id)
    texts = await export_texts(sources, encounter_id, SHOWN)
    view = appeal_view(facts, made_ms) | {"data": sorted(texts), "key": key.public}
    with new_bundle(target) as bundle:
        bundle.text("index.html", environment().get_template("appeal.html").render(**view))
        for style in STYLES:
            bundle.copy(f"page/{Path(style).name}", WEB / "static" / "css" / style)
        bundle.copy(f"page/{SCRIPT}", WEB / "static" / "js" / SCRIPT)
        for name, text in texts.items():
            bundle.text(f"data/{name}", text)
        bundle.lines("data/audit.jsonl", iter(facts.audit))
        bundle.json("data/decisions.json", [plain(one) | {"found": None, "inputs": None} for one in facts.runs])
        for name, path in (await take_files(sources, encounter_id)).items():
            bundle.copy(f"recording/{name}", path)
        about = {"kind": "appeal", "exam": facts.exam.id, "encounter": encounter_id, "attempt": facts.encounter.attempt}
        bundle.seal(about, key, made_ms, _said(view))
        return bundle.names


def _said(view: dict[str, Any]) -> str:
    data: Sequence[str] = view["data"]
    return f"""{view["exam"]}: station {view["station"]}, candidate {view["candidate"]}, attempt {view["attempt"]}

Open index.html in a browser: no network is needed. The rest is for programs:

recording/   what was recorded of each person
data/        {", ".join([*data, "audit.jsonl", "decisions.json"])}
page/        what index.html needs"""

"""What corrections of its transcripts tell of a station: how much is heard wrongly, and terms for its vocabulary."""

import json
import re
from dataclasses import asdict, dataclass

from teleosce.people import Principal
from teleosce.stations import HOTWORDS, StationVersion, on_mark_sheet
from teleosce.transcripts.corrected import Misheard, Proposal, misheard, proposals
from teleosce.web.context import Rooms

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 '-]*")
_NO_TEXT = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}
"""Words that YAML takes for something else."""


@dataclass(frozen=True)
class Heard:
    """Of all versions of a station together. full: its vocabulary holds as many terms as help."""

    misheard: Misheard
    proposals: list[Proposal]
    full: bool


async def heard_at(house: Rooms, who: Principal, version: StationVersion) -> Heard:
    """What was read through in the exams that this person may see.

    What stands on the mark sheet is never proposed: Whisper would hear the answers that are expected.
    """
    hashes = {one.hash for one in await house.stations.all() if one.slug == version.slug} | {version.hash}
    mine = [exam for exam in await house.exams.exams() if who.exam_id in (None, exam.id)]
    encounters = [one for exam in mine for one in await house.exams.encounters(exam.id) if one.station_hash in hashes]
    turns = await house.transcripts.read_through([one.id for one in encounters])
    found = [one for one in proposals(turns, version.vocabulary) if not on_mark_sheet(one.term, version.mark_sheet)]
    return Heard(misheard(turns), found, len(version.vocabulary) >= HOTWORDS)


def yaml_line(term: str) -> str:
    """A term as a line of the list `vocabulary:` in station.yaml."""
    is_plain = _PLAIN.fullmatch(term) and term.lower() not in _NO_TEXT
    return f"  - {term if is_plain else json.dumps(term, ensure_ascii=False)}"


def told(heard: Heard) -> dict[str, object]:
    """As JSON."""
    listed = [asdict(one) | {"line": yaml_line(one.term)} for one in heard.proposals]
    return asdict(heard.misheard) | {"proposals": listed, "full": heard.full}

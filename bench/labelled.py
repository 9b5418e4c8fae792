"""The labelled consultations as transcripts: who said what when, and in which turns an item shows."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from teleosce.rehearsal.consultations import LabelledLine, read_consultations
from teleosce.stations import MarkSheet, read
from teleosce.transcripts.models import HeardWord, Turn, Word
from teleosce.transcripts.turns import utterances

FOLDER = Path(__file__).parent / "consultations"
STATIONS = Path(__file__).parent.parent / "stations"
WORDS_A_MINUTE = 150


@dataclass(frozen=True)
class Consultation:
    """lines: of each turn, by its id, the lines of the dialogue that it is of. shows: the lines of each item."""

    station: str
    sheet: MarkSheet
    turns: tuple[Turn, ...]
    lines: dict[str, frozenset[int]]
    shows: dict[str, frozenset[int]]
    marks: Mapping[str, str]
    minutes: float


def consultations(half: str) -> list[Consultation]:
    """Those of one half, "development" or "held-out"."""
    made = []
    for written in read_consultations(FOLDER).values():
        if written.half == half:
            sheet = read(STATIONS / written.station).mark_sheet
            shows = {item.id: frozenset(written.turns(item.id)) for item in sheet.items}
            turns, lines, ends_ms = _turns(written.lines)
            made.append(Consultation(written.station, sheet, turns, lines, shows, written.marks, ends_ms / 60_000))
    return made


def _turns(written: Sequence[LabelledLine]) -> tuple[tuple[Turn, ...], dict[str, frozenset[int]], float]:
    """As the worker makes turns of words that it heard at an even pace."""
    words: dict[str, list[HeardWord]] = defaultdict(list)
    line_of: dict[tuple[str, int], int] = {}
    step_ms, at_ms = 60_000 / WORDS_A_MINUTE, 0.0
    for number, line in enumerate(written):
        for word in line.text.split():
            words[line.speaker].append(HeardWord(word, round(at_ms), round(at_ms + 0.95 * step_ms), 1.0))
            line_of[line.speaker, round(at_ms)] = number
            at_ms += step_ms
        at_ms += line.pause_s * 1000
    turns, lines = [], {}
    for number, said in enumerate(utterances(words)):
        who = said.participant_id
        heard = tuple(Word(f"{number}.{at}", w.text, w.starts_ms, w.ends_ms, 1.0) for at, w in enumerate(said.words))
        turns.append(Turn(str(number), who, who, said.starts_ms, said.ends_ms, heard))
        lines[str(number)] = frozenset(line_of[who, word.starts_ms] for word in said.words)
    return tuple(turns), lines, at_ms

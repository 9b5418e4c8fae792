"""`teleosce transcribe FILE…`: a transcript of files outside any exam, one file for each speaker."""

from collections import Counter
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path

from pydantic import TypeAdapter

from teleosce.core.errors import NotFound
from teleosce.core.ids import new_id
from teleosce.core.settings import Settings
from teleosce.transcripts.audio import decode
from teleosce.transcripts.hear import Ears
from teleosce.transcripts.models import HeardWord, Transcript, Turn, Word
from teleosce.transcripts.sound import Sound, Track
from teleosce.transcripts.turns import utterances
from teleosce.transcripts.vocabulary import terms
from teleosce.transcripts.vtt import voice, webvtt
from teleosce.transcripts.weights import find_weights


class Form(StrEnum):
    """How a transcript is written."""

    text = "text"
    vtt = "vtt"
    json = "json"


def transcribe(
    files: Sequence[Path],
    settings: Settings,
    *,
    form: Form = Form.text,
    hints: Sequence[str] = (),
    write: Callable[[str], None] = print,
) -> None:
    """Hears files that begin at one moment and writes what was said. A speaker is called as the file is.

    Blocks, about a tenth of the files' length. Raises NotFound for a missing file, Invalid for one that
    cannot be read, Unavailable without weights.
    """
    for file in files:
        if not file.is_file():
            raise NotFound(f"There is no file {file}. Nothing was transcribed.")
    ears = Ears(find_weights(settings.whisper_model, settings.data))
    transcript = _heard(dict(zip(_speakers(files), files, strict=True)), ears, terms(hints))
    write(written(transcript, form))


def written(transcript: Transcript, form: Form) -> str:
    """A transcript as a text to read, as WebVTT or as JSON."""
    if form is Form.vtt:
        return webvtt(transcript)
    if form is Form.json:
        return TypeAdapter(Transcript).dump_json(transcript, indent=2).decode()
    return "\n".join(_line(turn) for turn in transcript.turns)


def _line(turn: Turn) -> str:
    minutes, seconds = divmod(turn.starts_ms // 1000, 60)
    return f"[{minutes:02}:{seconds:02}] {voice(turn.role)}: {turn.text}"


def _speakers(files: Sequence[Path]) -> list[str]:
    """Files of one name in different folders are told apart by a number."""
    seen: Counter[str] = Counter()
    names = []
    for file in files:
        seen[file.stem] += 1
        names.append(file.stem if seen[file.stem] == 1 else f"{file.stem} {seen[file.stem]}")
    return names


def _heard(files: dict[str, Path], ears: Ears, hints: list[str]) -> Transcript:
    sound = Sound(Track(name, name, 0, decode(file)) for name, file in files.items())
    words: dict[str, list[HeardWord]] = {name: [] for name in files}
    for part in sound.parts():
        words[part.track] += sound.hear(part, ears, hints)
    turns = tuple(
        Turn(
            new_id(),
            said.participant_id,
            said.participant_id,
            said.starts_ms,
            said.ends_ms,
            tuple(Word(new_id(), word.text, word.starts_ms, word.ends_ms, word.confidence) for word in said.words),
        )
        for said in utterances(words)
    )
    return Transcript("", ears.weights.name, tuple(hints), turns)

"""From sealed takes to a transcript: Whisper, the bleed gate, words, turns, search and WebVTT.

`Transcripts` is what the server sees: it asks for a transcript, which is a row in the database, and reads, corrects
and searches those that are ready. The hearing is done by the worker's process (`worker.run`), at a lower
priority, in durable steps; it then reads each transcript for its meaning, in passages. Each participant has tracks of
their own, so nobody guesses who spoke. The recording is the record; a transcript is how one finds one's way in it.
"""

from teleosce.transcripts.find import LEAST, Findings, Found, Match
from teleosce.transcripts.models import Correction, Hit, Progress, State, Transcript, Turn, Word
from teleosce.transcripts.passages import Known
from teleosce.transcripts.transcripts import Transcripts

__all__ = [
    "LEAST",
    "Correction",
    "Findings",
    "Found",
    "Hit",
    "Known",
    "Match",
    "Progress",
    "State",
    "Transcript",
    "Transcripts",
    "Turn",
    "Word",
]

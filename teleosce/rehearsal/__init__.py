"""Synthetic people: they join by a link, speak a dialogue and show a drawn picture, over the public protocol only.

`Participant` is one of them; `play` leads a candidate, a patient and an organiser through one encounter. Their
sound and picture are encoded once and sent as packets, so that they cost little.
"""

from teleosce.rehearsal.dialogue import Cue, Speech, act
from teleosce.rehearsal.participant import Participant
from teleosce.rehearsal.play import play

__all__ = ["Cue", "Participant", "Speech", "act", "play"]

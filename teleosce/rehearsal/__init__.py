"""Synthetic people: they join by a link, speak a dialogue and show a drawn picture, over the public protocol only.

`Participant` is one of them and behaves as a page does: it comes back by itself. Its media is a `Call`, which can also
be made without a page, by whoever has a way to hand over an offer. What they send (`make_footage`) is encoded once, and
one tick serves everybody in a process, so that they cost little. A `Line` makes their way to the server a bad one.
`play` leads a candidate, a patient and an organiser through one encounter; `rehearse` leads many through many, with the
troubles asked for, and finds out the facts that `judge` and `report` turn into a go or a no-go.
"""

from teleosce.rehearsal.call import Call, Counts
from teleosce.rehearsal.dialogue import Cue, Speech, act
from teleosce.rehearsal.footage import Footage, Performance, make_footage
from teleosce.rehearsal.line import Line
from teleosce.rehearsal.participant import Participant
from teleosce.rehearsal.play import play

__all__ = [
    "Call",
    "Counts",
    "Cue",
    "Footage",
    "Line",
    "Participant",
    "Performance",
    "Speech",
    "act",
    "make_footage",
    "play",
]

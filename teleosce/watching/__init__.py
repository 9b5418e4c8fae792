"""Watches the people of each running encounter while there is still time to put something right.

A silent participant of the room that keeps some seconds of sound: once a second it asks how each connection does, now
and then it decodes sixty milliseconds of sound and one key frame, compares what people are heard to say, and says in a
word what is wrong with whom: an `Alarm`. Alarms begin and end; each is a row, so that it can be seen afterwards when a
candidate could not be heard.
"""

from teleosce.watching.models import Alarm, AlarmKind
from teleosce.watching.watching import Watching

__all__ = ["Alarm", "AlarmKind", "Watching"]

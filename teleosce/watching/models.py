"""What can be wrong with a person in an encounter."""

from dataclasses import dataclass
from enum import StrEnum


class AlarmKind(StrEnum):
    """In the order in which one hides those after it: who is not there is not silent as well."""

    absent = "absent"
    """The encounter runs and the seat is empty."""
    no_packets = "no-packets"
    """Connected, and neither sound nor picture arrives."""
    no_sound = "no-sound"
    """No packet of sound arrives, from a microphone that is not switched off."""
    no_picture = "no-picture"
    """No packet of a picture arrives, from a camera that is not switched off."""
    silent = "silent"
    """The microphone is on and gives digital silence."""
    unheard = "unheard"
    """The microphone is on and gives no voice since the encounter began."""
    echo = "echo"
    """The microphone picks up another's voice out of the person's own loudspeaker."""
    clipping = "clipping"
    """The sound is so loud that it is cut off."""
    dark = "dark"
    covered = "covered"
    """A picture with nothing in it: a finger, a shutter, a wall."""
    frozen = "frozen"
    """Nothing moves in the picture."""
    hears_nothing = "hears-nothing"
    """Others are heard, and this person's page does not get their sound, or may not play it."""
    loss = "loss"
    """Much of what is sent to or by this person is lost on the way."""


@dataclass(frozen=True)
class Alarm:
    """Something wrong with a person, from `since_ms` until `until_ms`, or until now where that is None."""

    encounter_id: str
    participant_id: str
    kind: AlarmKind
    since_ms: int
    until_ms: int | None = None

"""A transcript as WebVTT (https://www.w3.org/TR/webvtt1/): one cue a turn, the speaker in a voice tag."""

from html import escape

from teleosce.transcripts.models import Transcript, Turn

_VOICES = {"sp": "Standardized patient"}


def voice(role: str) -> str:
    """A role as people read it."""
    return _VOICES.get(role) or role.replace("_", " ").capitalize()


def webvtt(transcript: Transcript) -> str:
    """The whole file, corrections included. A turn of which every word was struck out has no cue."""
    cues = [_cue(turn) for turn in transcript.turns if turn.text]
    return "\n\n".join(["WEBVTT", *cues]) + "\n"


def _cue(turn: Turn) -> str:
    # A cue must end after it starts (WebVTT 4.1).
    ends_ms = max(turn.ends_ms, turn.starts_ms + 1)
    # In a voice's name > would end the tag; escaping covers it as it does the text.
    name, text = escape(voice(turn.role), quote=False), escape(turn.text, quote=False)
    return f"{_time(turn.starts_ms)} --> {_time(ends_ms)}\n<v {name}>{text}"


def _time(at_ms: int) -> str:
    seconds, thousandths = divmod(at_ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{thousandths:03}"

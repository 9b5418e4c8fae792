"""Moments that a large language model suggests: what it is asked, and what is taken from its answer. Pure.

It is asked for the numbers of turns and for nothing else, so that whatever it says (or a transcript makes it say), an
examiner is shown words that were spoken in this consultation, and hears them. Its prompt is `large-model.md`.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from teleosce.core.errors import Invalid
from teleosce.transcripts.evidence import MOMENTS, Sought
from teleosce.transcripts.models import Turn
from teleosce.transcripts.passages import CLINICIAN

PROMPT = (Path(__file__).parent / "large-model.md").read_text(encoding="utf-8")

_SPEAKERS = {CLINICIAN: "Doctor", "sp": "Patient"}


class _Answer(BaseModel):
    items: dict[str, list[int]] = Field(default_factory=dict)


def request_for(model: str, sought: Sequence[Sought], turns: Sequence[Turn]) -> dict[str, Any]:
    """The body of a request to `…/chat/completions` as OpenAI's API has it and many servers understand it.

    Of people it names nobody but by their part; what they said may of course name somebody.
    """
    items = "\n".join(f"- {item.id}: {item.text} Done: {item.done}" for item in sought)
    talk = "\n".join(
        f"{number} {_SPEAKERS.get(turn.role, 'Other')}: {turn.text}" for number, turn in enumerate(turns, 1)
    )
    return {
        "model": model,
        "temperature": 0,
        "response_format": {"type": "json_object"},
        "messages": [
            {"role": "system", "content": PROMPT},
            {"role": "user", "content": f"# Items\n\n{items}\n\n# Consultation\n\n{talk}"},
        ],
    }


def digest_of(request: dict[str, Any]) -> str:
    """SHA-256 of a request: an answer belongs to these words, these items, this prompt and this model."""
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()


def taken(answer: Any, sought: Sequence[Sought], turns: Sequence[Turn]) -> dict[str, list[str]]:
    """The ids of the turns it names for each item: those that there are, and that the clinician spoke.

    answer: the decoded body of the response. Raises Invalid when it is not what was asked for.
    """
    try:
        text = str(answer["choices"][0]["message"]["content"])
        # Some models put a fence around it, whatever they are told.
        found = _Answer.model_validate_json(text[text.index("{") : text.rindex("}") + 1]).items
    except (LookupError, TypeError, ValueError, ValidationError) as error:
        raise Invalid("The answer is not what was asked for.", code="large-model") from error
    spoken = {number: turn.id for number, turn in enumerate(turns, 1) if turn.role == CLINICIAN and turn.text}
    return {
        item.id: [spoken[number] for number in dict.fromkeys(found.get(item.id, ())) if number in spoken][:MOMENTS]
        for item in sought
    }

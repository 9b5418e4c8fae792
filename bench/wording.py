"""Two texts compared as a person would: "thirty-nine point two" is 39.2, "it's" is "it is", "Mister" is "Mr"."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import jiwer

_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_NUMBERS = {word: value for value, word in enumerate(_ONES)} | {word: 20 + 10 * at for at, word in enumerate(_TENS)}
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fifth": 5, "eighth": 8, "ninth": 9, "twelfth": 12} | {
    f"{word}th": value for word, value in _NUMBERS.items()
}
_NUMBERS |= _ORDINALS
_SCALES = {"hundred": 100, "thousand": 1000}
_ALIKE = {
    "mister": "mr", "missus": "mrs", "doctor": "dr", "okay": "ok", "licence": "license", "cannot": "can not",
    "percent": "per cent", "mum": "mom", "practise": "practice", "grey": "gray",
}  # fmt: skip
_SHORT = (
    (r"\bwon't\b", "will not"), (r"\bcan't\b", "can not"), (r"n't\b", " not"), (r"\bi'm\b", "i am"),
    (r"'re\b", " are"), (r"'ve\b", " have"), (r"'ll\b", " will"), (r"\blet's\b", "let us"),
    (r"\b(it|that|there|here|he|she|what|who|where|how)'s\b", r"\1 is"),
    (r"(lit|met)re(s?)\b", r"\1er\2"), (r"\b(\d+)(?:st|nd|rd|th)\b", r"\1"), (r"(\d),(\d{3})\b", r"\1\2"),
)  # fmt: skip


@dataclass(frozen=True)
class Errors:
    """Words of the reference, and how many were changed, left out or put in."""

    words: int = 0
    changed: int = 0
    left_out: int = 0
    put_in: int = 0

    def __add__(self, other: "Errors") -> "Errors":
        return Errors(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))

    @property
    def rate(self) -> float:
        """Word error rate in per cent."""
        return 100 * (self.changed + self.left_out + self.put_in) / max(self.words, 1)


def errors(said: str, heard: str) -> Errors:
    """What was heard against what was said, both made plain first."""
    found = jiwer.process_words(plain(said), plain(heard))
    words = found.hits + found.substitutions + found.deletions
    return Errors(words, found.substitutions, found.deletions, found.insertions)


def plain(text: str) -> str:
    """Lower case, without punctuation, numbers in digits, short and American forms as one. The same for both sides."""
    text = text.lower().replace("’", "'")
    for pattern, written in _SHORT:
        text = re.sub(pattern, written, text)
    text = re.sub(r"(?<!\d)\.|\.(?!\d)|[^\w\s'.]", " ", text).replace("' ", " ")
    words = [part for word in text.split() for part in _ALIKE.get(word, word).split()]
    return " ".join(_digits(words))


def _digits(words: Sequence[str]) -> Iterator[str]:
    """Neighbouring numbers become one: "nineteen sixty eight", "19 68" and "1968" are the same."""
    run: list[str] = []
    for at, word in enumerate([*words, ""]):
        following = words[at + 1] if at + 1 < len(words) else ""
        joins = bool(run) and (
            (word == "and" and run[-1] in _SCALES and following in _NUMBERS)
            or (word == "point" and _is_number(following))
            or words[at : at + 3] == ["and", "a", "half"]
            or (run[-1] == "and" and word == "a" and following == "half")
            or (run[-1] == "a" and word == "half")
        )
        if joins or _is_number(word) or (run and word in _SCALES):
            run.append(word)
            continue
        if run:
            yield _value(run)
            run = []
        if word:
            yield word


def _is_number(word: str) -> bool:
    return word in _NUMBERS or bool(re.fullmatch(r"\d+(\.\d+)?", word))


def _value(run: Sequence[str]) -> str:
    written, group, last = "", None, ""
    for word in run:
        value = _NUMBERS.get(word)
        if word in {"and", "a"}:
            continue
        if word in {"half", "point"}:
            written, group = written + ("" if group is None else str(group)) + (".5" if word == "half" else "."), None
        elif word in _SCALES:
            group = (1 if group is None else group) * _SCALES[word]
        elif value is None:
            written, group = written + ("" if group is None else str(group)) + word, None
        elif group is not None and (last in _SCALES or (last in _TENS and 0 < value < 10)):
            group += value
        else:
            written, group = written + ("" if group is None else str(group)), value
        last = word
    return written + ("" if group is None else str(group))

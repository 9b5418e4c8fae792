"""How well a transcript tells what was said: word error rate."""

import re
from collections.abc import Sequence

_ONES = [
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_DIGITS = {word: number for number, word in enumerate(_ONES)} | {word: 10 * n for n, word in enumerate(_TENS, 2)}


def plain(text: str) -> list[str]:
    """Words as they are compared: lower case, without punctuation; numbers in digits, as Whisper writes them."""
    text = re.sub(r"\bmister\b", "mr", text.lower().replace("’", "'"))
    words: list[str] = []
    tens = False
    for word in re.findall(r"[a-z0-9']+", text):
        number = _DIGITS.get(word)
        if tens and number is not None and 0 < number < 10:
            words[-1] = str(int(words[-1]) + number)
        else:
            words.append(word if number is None else str(number))
        tens = word in _TENS
    return words


def error_rate(heard: Sequence[str], script: Sequence[str]) -> float:
    """Substituted, left out and invented words per word said (Levenshtein, 1965)."""
    before = list(range(len(script) + 1))
    for row, word in enumerate(heard, 1):
        now = [row]
        for column, said in enumerate(script, 1):
            now.append(min(before[column - 1] + (word != said), before[column] + 1, now[-1] + 1))
        before = now
    return before[-1] / max(1, len(script))

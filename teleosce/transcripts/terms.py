"""How many rare words two texts share: Okapi BM25 among the passages of one transcript. Pure.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with its usual k1 and b.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_K1, _B = 1.2, 0.75
_ENDINGS = ("edly", "ing", "ies", "ed", "es", "ly", "s")
_STEM = 3


def shared(documents: Sequence[str], wanted: Sequence[str]) -> NDArray[np.float32]:
    """Texts × documents: BM25 of each document for the words of each text that is wanted, each counted once."""
    counts = [Counter(_words(document)) for document in documents]
    lengths = np.array([counted.total() for counted in counts], np.float32)
    lengths /= max(float(lengths.sum()) / max(len(documents), 1), 1.0)
    found = np.zeros((len(wanted), len(documents)), np.float32)
    among = Counter(word for counted in counts for word in counted)
    worth = {word: math.log(1 + (len(documents) - n + 0.5) / (n + 0.5)) for word, n in among.items()}
    for row, text in enumerate(wanted):
        for word in set(_words(text)) & worth.keys():
            often = np.array([counted[word] for counted in counts], np.float32)
            found[row] += worth[word] * often * (_K1 + 1) / (often + _K1 * (1 - _B + _B * lengths))
    return found


def _words(text: str) -> list[str]:
    return [_stem(word) for word in re.findall(r"[\w']+", text.lower().replace("’", "'"))]


def _stem(word: str) -> str:
    """Endings struck off, roughly: both sides are treated alike, so it need not be right."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _STEM:
            return word[: -len(ending)]
    return word

"""Vectors of what is looked for: checklist items and what people type. The server's, which waits for no reading."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from teleosce.transcripts.meaning import SIZE, Encoder, Vectors

_KEPT = 8192
"""Texts whose vectors are remembered, 12 MB of them: the items of some sixty stations."""


class Questions:
    """Encodes in a thread of its own. The encoder is loaded when something is first asked, and kept."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "questions")
        self._encoder: Encoder | None = None
        self._known: OrderedDict[str, Vectors] = OrderedDict()

    async def vectors(self, texts: Sequence[str]) -> Vectors:
        """A vector for each text; what was asked before costs nothing. Raises Unavailable without weights."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._vectors, list(texts))

    def _vectors(self, texts: list[str]) -> Vectors:
        if not texts:
            return np.zeros((0, SIZE), np.float32)
        if self._encoder is None:
            self._encoder = Encoder()
        for text in texts:
            if text not in self._known:
                self._known[text] = self._encoder.vectors([text])[0]
            self._known.move_to_end(text)
        found = np.stack([self._known[text] for text in texts])
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return found

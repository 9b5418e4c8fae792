"""The house's key: made once, whoever asks first, and readable by its owner alone."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from joserfc import jws
from joserfc.jwk import OKPKey

from teleosce.core.errors import Invalid
from teleosce.core.signing import FILE, public_key, read_public_key, signing_key


def test_the_key_is_made_once_even_by_many_at_a_time(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = {key.public for key in pool.map(signing_key, [tmp_path] * 24)}
    assert made == {signing_key(tmp_path).public}
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_others_verify_what_it_signs(tmp_path: Path) -> None:
    key = signing_key(tmp_path)
    signature = key.sign(b"content")
    for form in (key.public.pem, json.dumps(key.public.jwk), json.dumps({"keys": [key.public.jwk]})):
        (read,) = read_public_key(form)
        assert read == key.public
        assert read.verifies(signature, b"content")
        assert not read.verifies(signature, b"Content")
    # Another implementation reads the same key and thinks of the same thumbprint.
    theirs = OKPKey.import_key(dict(key.public.jwk))
    assert theirs.thumbprint() == key.public.thumbprint
    token = jws.serialize_compact({"alg": "EdDSA"}, b"x", OKPKey.import_key(key.pem), algorithms=["EdDSA"])
    assert jws.deserialize_compact(token, theirs, algorithms=["EdDSA"]).payload == b"x"


def test_what_is_no_key_is_said_and_never_replaced(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("nothing")
    with pytest.raises(Invalid, match="holds no signing key"):
        signing_key(tmp_path)
    assert (tmp_path / FILE).read_text() == "nothing"
    for wrong in ("", "x", "[]", "5", "{}", '{"keys": [5]}', "-----BEGIN PUBLIC KEY-----"):
        with pytest.raises(Invalid):
            read_public_key(wrong)
    with pytest.raises(Invalid):
        public_key({"kty": "OKP", "crv": "Ed25519", "x": "AAAA"})

import shutil

import numpy as np
import PIL.Image
import pytest
import soundfile

from keras_gen.errors import InputError
from keras_gen.media import Audio, Image, Origin
from keras_gen.runs import signing
from keras_gen.runs.provenance import inspect, write_sidecar

ORIGIN = Origin("digits-gan (keras_gen 1.0)", "sha256:01")


@pytest.fixture(scope="module")
def credentials():
    return signing.trial_credentials()


@pytest.fixture
def files(tmp_path):
    Image(8, 8, 3).save(np.arange(192, dtype="uint8").reshape(8, 8, 3), tmp_path / "a.png", ORIGIN)
    Audio(2048, 8000).save(np.arange(2048, dtype="int16"), tmp_path / "a.wav", ORIGIN)
    write_sidecar(tmp_path, [tmp_path / "a.png", tmp_path / "a.wav"], ORIGIN, {})
    return tmp_path


def test_what_is_signed_is_read_back_and_media_and_marks_stay(files, credentials):
    before = np.array(PIL.Image.open(files / "a.png")), soundfile.read(files / "a.wav")[0]
    for name in ("a.png", "a.wav"):
        assert inspect(files / name).signature is None
        for _ in range(2):  # again, in the place of the first
            signing.sign(files / name, ORIGIN, credentials)
        found = inspect(files / name)
        assert found.signature == signing.Signature(ORIGIN, signing.TRIAL, True)
        assert found.within == ORIGIN and found.changed  # until the sidecar is told
    np.testing.assert_array_equal(PIL.Image.open(files / "a.png"), before[0])
    np.testing.assert_array_equal(soundfile.read(files / "a.wav")[0], before[1])


def test_a_file_that_was_changed_is_told_from_one_that_was_not(files, credentials):
    signing.sign(files / "a.wav", ORIGIN, credentials)
    raw = bytearray((files / "a.wav").read_bytes())
    at = raw.index(b"data") + 100  # among the samples
    raw[at] ^= 1
    (files / "a.wav").write_bytes(raw)
    assert not inspect(files / "a.wav").signature.is_valid


def test_the_command_signs_renews_the_sidecar_and_is_inspected(files, cli_in):
    code, printed = cli_in(files, "sign", "a.png", "a.wav", "--trial")
    assert code == 0 and printed.count("signed") == 2, printed
    code, printed = cli_in(files, "inspect", "a.png", "a.wav")
    assert (
        code == 0
        and printed.count("in the file and in its sidecar and in its signature; signed in the name of") == 2
    )
    assert "changed" not in printed.replace("unchanged", "")
    shutil.copy(files / "a.png", files / "b.jpeg.png")
    PIL.Image.open(files / "a.png").save(files / "bare.png")
    for arguments, told in (
        (["a.png"], "Give both --certificate and --key, or --trial"),
        (["a.png", "--trial", "--key", "k"], "Give both --certificate and --key, or --trial"),
        (["bare.png", "--trial"], "bare.png does not say where it comes from"),
        (["a.png", "--certificate", "lost", "--key", "lost"], "lost cannot be read"),
        (["a.png", "--certificate", "a.png", "--key", "a.png"], "The private key cannot be read"),
    ):
        code, printed = cli_in(files, "sign", *arguments)
        assert code == 2 and told in " ".join(printed.split()), printed


def test_keys_that_do_not_belong_together_are_refused_and_nothing_is_lost(files, credentials):
    before = (files / "a.png").read_bytes()
    other = signing.trial_credentials()
    with pytest.raises(InputError, match="cannot be signed with this certificate and key"):
        signing.sign(files / "a.png", ORIGIN, signing.Credentials(credentials.certificates, other.key))
    assert (files / "a.png").read_bytes() == before
    (files / "a.txt").write_text("a")
    with pytest.raises(InputError, match="files that carry a manifest end in .png"):
        signing.sign(files / "a.txt", ORIGIN, credentials)

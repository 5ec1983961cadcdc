"""Codecs by the tables of the standard library, levels and tones by what they are."""

from __future__ import annotations

import array
import sys
import warnings

import pytest

from signaling import audio, dtmf, errors

ALL = array.array("h", range(-32768, 32768)).tobytes()


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="the judge left the standard library")
@pytest.mark.parametrize(("name", "law"), [("PCMU", "ulaw"), ("PCMA", "alaw")])
def test_g711_is_what_the_standard_library_makes_of_it(name: str, law: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import audioop
    coder = audio.coder(name)
    assert coder.encode(ALL) == getattr(audioop, f"lin2{law}")(ALL, 2)
    assert coder.decode(bytes(range(256))) == getattr(audioop, f"{law}2lin")(bytes(range(256)), 2)


@pytest.mark.parametrize("name", ["PCMU", "PCMA", "G722"])
def test_a_tone_survives_the_codec(name: str) -> None:
    coder = audio.coder(name)
    sent = audio.frames(audio.tone(1000, seconds=0.2))
    encoded = [coder.encode(frame) for frame in sent]
    assert {len(payload) for payload in encoded} == {160}
    heard = [coder.decode(payload) for payload in encoded]
    assert all(audio.holds_tone(frame, 1000) for frame in heard[2:])
    assert not any(audio.holds_tone(frame, 440) for frame in heard)


def test_an_unknown_codec_is_not_spoken() -> None:
    with pytest.raises(errors.NotAcceptable):
        audio.coder("opus")


def test_levels() -> None:
    assert audio.level(audio.SILENCE) == -100
    assert audio.level(b"") == -100
    for dbfs in (-40.0, -12.0, 0.0):
        assert audio.level(audio.tone(440, seconds=0.1, dbfs=dbfs)) == pytest.approx(dbfs, abs=0.2)
    assert not audio.audible(audio.tone(440, seconds=0.1, dbfs=-60))


@pytest.mark.parametrize("digit", dtmf.DIGITS)
@pytest.mark.parametrize("name", ["PCMU", "PCMA"])
def test_the_tones_of_a_key_are_heard(digit: str, name: str) -> None:
    coder = audio.coder(name)
    assert dtmf.heard(coder.decode(coder.encode(dtmf.tones(digit, 0.05)))) == digit


@pytest.mark.parametrize(
    "pcm",
    [audio.SILENCE, audio.tone(440, seconds=0.05), audio.tone(697, seconds=0.05), audio.tone(697, 770, seconds=0.05)],
)
def test_other_sounds_are_no_keys(pcm: bytes) -> None:
    assert dtmf.heard(pcm) is None


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "G722", None)
    with pytest.raises(errors.LibraryMissing, match=r"G\.722 needs G722; next: pip install 'xai-telephony\[calls\]'"):
        audio.coder("G722")

"""Facts of media, read in a process of their own: also of files that were made to break their reader."""

from __future__ import annotations

import struct
import zlib

import pytest

from sidecar.worker import look
from sidecar.worker.look import read_media
from tests.worker.conftest import document_of, picture_of, size_of

MIMES = {
    "png": "image/png",
    "mp4": "video/mp4",
    "mkv": "video/x-matroska",
    "wav": "audio/wav",
    "pdf": "application/pdf",
}


@pytest.fixture
def poster(tmp_path):
    return tmp_path / "poster.jpg"


def read(path, poster, mime=None):
    return read_media(path, mime or MIMES[path.suffix[1:]], poster)


def test_a_picture_is_measured(media, poster):
    assert read(media / "picture.png", poster) == {"width": 300, "height": 200, "format": "PNG", "mode": "RGB"}
    assert not poster.exists()


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_a_film_has_its_facts_and_a_frame(media, poster, name):
    facts = read(media / name, poster)

    assert facts.pop("duration") == pytest.approx(2, abs=0.1)
    assert facts == {
        "width": 160, "height": 120, "frame_rate": 10.0, "video": {"codec": "mpeg4"},
        "audio": {"codec": "aac", "sample_rate": 44100, "channels": 2},
    }  # fmt: skip
    assert size_of(poster) == (160, 120)


def test_a_sound_has_its_facts(media, poster):
    assert read(media / "sound.wav", poster) == {
        "duration": 1.0, "audio": {"codec": "pcm_s16le", "sample_rate": 44100, "channels": 1},
    }  # fmt: skip
    assert not poster.exists()


def test_a_document_has_its_pages_and_a_picture_of_the_first(media, poster):
    assert read(media / "two-pages.pdf", poster) == {"pages": 2, "width": 595.0, "height": 842.0, "unit": "pt"}
    assert max(size_of(poster)) == 1024


def test_a_page_as_large_as_a_house_gives_a_small_picture(tmp_path, poster):
    read(document_of(tmp_path / "large.pdf", (14_400, 14_400)), poster)

    assert size_of(poster) == (1024, 1024)


def test_a_drawing_in_svg_is_left_to_browsers(tmp_path, poster):
    (tmp_path / "a.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")

    assert read(tmp_path / "a.svg", poster, "image/svg+xml") == {}


@pytest.mark.parametrize("name", ["picture.png", "film.mp4", "film.mkv", "two-pages.pdf"])
def test_a_file_that_was_cut_off_gives_an_error_or_what_there_is(media, tmp_path, poster, name):
    whole = (media / name).read_bytes()
    for part in (0, 1, 8, 100, len(whole) // 3):
        broken = tmp_path / f"{part}.{name.rpartition('.')[2]}"
        broken.write_bytes(whole[:part])

        facts = read(broken, poster)

        assert isinstance(facts, dict)
        assert "error" in facts or "duration" in facts
        assert str(tmp_path) not in str(facts)


@pytest.mark.parametrize("mime", ["image/png", "video/mp4", "audio/mpeg", "application/pdf"])
def test_a_file_of_another_kind_gives_an_error(tmp_path, poster, mime):
    (tmp_path / "file").write_bytes(b"nothing of the kind " * 100)

    assert "error" in read(tmp_path / "file", poster, mime)


def test_a_picture_that_calls_itself_a_film_is_none(media, poster):
    assert "error" in read(media / "picture.png", poster, "video/mp4")
    assert "error" in read(media / "film.mp4", poster, "image/png")


def test_a_picture_with_too_many_pixels_is_measured_and_not_read(tmp_path, poster):
    bomb = picture_of(tmp_path / "bomb.png", (20_000, 20_000), "1")

    facts = read(bomb, poster)

    assert (facts["width"], facts["height"]) == (20_000, 20_000)
    assert "more than 100000000 pixels" in facts["error"]


def test_a_picture_that_claims_the_largest_size_there_is_costs_nothing(tmp_path, poster):
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 16, 6, 0, 0, 0)
    pixels = zlib.compress(bytes(10_000_000), 9)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    (tmp_path / "bomb.png").write_bytes(bomb)

    assert "error" in read(tmp_path / "bomb.png", poster)


def test_compressed_text_beside_a_picture_does_not_unfold(tmp_path, poster, media):
    whole = (media / "picture.png").read_bytes()
    text = b"Comment\x00\x00" + zlib.compress(bytes(500_000_000), 9)
    chunk = struct.pack(">I", len(text)) + b"zTXt" + text + struct.pack(">I", zlib.crc32(b"zTXt" + text))
    (tmp_path / "bomb.png").write_bytes(whole[:33] + chunk + whole[33:])

    facts = read(tmp_path / "bomb.png", poster)

    assert "error" in facts or facts["width"] == 300


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://{film}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile {film}\n",
    ],
)
def test_a_play_list_opens_no_other_file(media, tmp_path, poster, text):
    (tmp_path / "list.mp4").write_text(text.format(film=media / "film.mp4"))

    facts = read(tmp_path / "list.mp4", poster)

    assert list(facts) == ["error"]
    assert not poster.exists()


def test_a_reader_that_takes_too_long_is_ended(media, poster, monkeypatch):
    monkeypatch.setattr(look, "READER_SECONDS", 0.001)

    assert "took longer" in read(media / "film.mp4", poster)["error"]


def test_a_reader_that_breaks_is_an_error(media, poster, monkeypatch, tmp_path):
    broken = tmp_path / "media.py"
    broken.write_text("import os; os.abort()")
    monkeypatch.setattr(look.media, "__file__", str(broken))

    assert read(media / "film.mp4", poster) == {"error": "Reading it failed (-6)."}


def test_the_reader_sees_nothing_of_our_environment(poster, monkeypatch, tmp_path):
    monkeypatch.setenv("ARTIFACTS_DIRECTUS_TOKEN", "a secret")
    told = tmp_path / "media.py"
    told.write_text("import json, os; print(json.dumps(dict(os.environ)))")
    monkeypatch.setattr(look.media, "__file__", str(told))

    assert "ARTIFACTS_DIRECTUS_TOKEN" not in read(told, poster, "image/png")

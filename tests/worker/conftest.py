"""Films, sounds, pictures and documents, made where they are needed, and broken ones."""

from __future__ import annotations

import io
from pathlib import Path

import av
import pypdfium2
import pytest
from PIL import Image

SIZE = (160, 120)


def film_of(path: Path, seconds: int = 2) -> Path:
    """A film with sound: ten frames a second, 160 x 120."""
    with av.open(str(path), "w") as container:
        pictures, sound = container.add_stream("mpeg4", rate=10), container.add_stream("aac", rate=44100)
        pictures.width, pictures.height = SIZE
        pictures.pix_fmt = "yuv420p"
        for number in range(seconds * 10):
            frame = av.VideoFrame.from_image(Image.new("RGB", SIZE, (number * 10 % 255, 80, 80)))
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode())
        for number in range(seconds * 43):
            container.mux(sound.encode(_silence("fltp", "stereo", 1024, number * 1024)))
        container.mux(sound.encode())
    return path


def sound_of(path: Path) -> Path:
    """A second of silence."""
    with av.open(str(path), "w") as container:
        sound = container.add_stream("pcm_s16le", rate=44100, layout="mono")
        container.mux(sound.encode(_silence("s16", "mono", 44100, 0)))
        container.mux(sound.encode())
    return path


def document_of(path: Path, *pages: tuple[float, float]) -> Path:
    document = pypdfium2.PdfDocument.new()
    for width, height in pages:
        document.new_page(width, height)
    document.save(path)
    return path


def picture_of(path: Path, size: tuple[int, int] = (300, 200), mode: str = "RGB") -> Path:
    Image.new(mode, size).save(path)
    return path


def size_of(picture: Path | bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(picture) if isinstance(picture, bytes) else picture) as image:
        return image.size


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with film.mp4, film.mkv, sound.wav, two-pages.pdf and picture.png."""
    folder = tmp_path_factory.mktemp("media")
    film_of(folder / "film.mp4")
    film_of(folder / "film.mkv")
    sound_of(folder / "sound.wav")
    document_of(folder / "two-pages.pdf", (595, 842), (100, 100))
    picture_of(folder / "picture.png")
    return folder


def _silence(kind: str, layout: str, samples: int, at: int) -> av.AudioFrame:
    frame = av.AudioFrame(format=kind, layout=layout, samples=samples)
    frame.sample_rate, frame.pts = 44100, at
    for plane in frame.planes:
        plane.update(bytes(plane.buffer_size))
    return frame

"""Whether the uploads folder has what the rows of directus_files say."""

from __future__ import annotations

from pathlib import Path

from sidecar.legacy.sqlite_move.source import Source


def missing_files(source: Source, folder: Path) -> list[str]:
    """One line for each file that is not in the folder, or has another size there."""
    files = source.read(
        "select {}, {}, {} from {} where filename_disk is not null", "id", "filename_disk", "filesize", "directus_files"
    )
    return [line for id, name, size in files if (line := _fault(folder / name, id, size))]


def _fault(path: Path, id: str, size: int | None) -> str | None:
    if not path.is_file():
        return f"file {id}: {path.name} is not in {path.parent}"
    found = path.stat().st_size
    if size is not None and found != size:
        return f"file {id}: {path.name} has {found:,} bytes, and {size:,} are recorded"
    return None

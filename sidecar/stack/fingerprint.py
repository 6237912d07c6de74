"""Hashes of files, and the stamps that remember what was built from which. Standard library only."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

# Never sources: what a build, an editor or a run leaves behind.
IGNORED = {"node_modules", "dist", "__pycache__", ".cache", "coverage"}


def sources(*roots: Path) -> Iterator[Path]:
    """The files among `roots` and below its folders, in a fixed order, without what builds leave behind."""
    for root in roots:
        found = [root] if root.is_file() else sorted(root.rglob("*"))
        yield from (path for path in found if path.is_file() and not IGNORED & set(path.relative_to(root).parts))


def of_files(*roots: Path) -> str:
    """One hash over names and bytes of all files below `roots`."""
    digest = hashlib.sha256()
    for path in sources(*roots):
        digest.update(f"{path.name}\0{path.parent.name}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def of_values(values: Iterable[object]) -> str:
    """One hash over JSON values. Secrets may be among them: only the hash is kept."""
    return hashlib.sha256(json.dumps(list(values), sort_keys=True).encode()).hexdigest()


def is_stamped(stamp: Path, fingerprint: str) -> bool:
    return stamp.is_file() and stamp.read_text().strip() == fingerprint


def write_stamp(stamp: Path, fingerprint: str) -> None:
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(fingerprint + "\n")

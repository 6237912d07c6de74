"""What ComfyUI's HTTP interface takes and gives: /upload/image, /history, /view. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from pydantic_core import from_json

_FOLDERS = ("output", "temp", "input")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Output:
    """A file that a prompt left on its server: `type` is the folder (output, temp, input), `node_id` who made it."""

    filename: str
    subfolder: str = ""
    type: str = "output"
    node_id: str | None = None

    @property
    def address(self) -> str:
        """Path and query of its bytes."""
        return "/view?" + urlencode({"filename": self.filename, "subfolder": self.subfolder, "type": self.type})


def stays_inside(filename: str, subfolder: str = "") -> bool:
    """Whether a name means a file in its folder and a subfolder one below it, on a server of any system."""
    if not filename or _CONTROL.search(filename + subfolder) or re.search(r"[/\\]", filename):
        return False
    steps = re.split(r"[/\\]", subfolder) if subfolder else []
    return not any(step in ("", ".", "..") or ":" in step for step in [filename, *steps])


def history_address(prompt_id: str) -> str:
    """The path of what became of a prompt."""
    return f"/history/{quote(prompt_id, safe='')}"


def outputs_of(history: Any, prompt_id: str) -> list[Output] | None:
    """Every file of a prompt's history, in the order of its nodes; None when it has not completed.

    Raises ValueError for what is no history of ComfyUI, or names a file outside its folders.
    """
    if not isinstance(history, dict):
        raise ValueError("no object")
    prompt = history.get(prompt_id)
    if prompt is None:
        return None
    if not isinstance(prompt, dict) or not isinstance(prompt.get("outputs"), dict):
        raise ValueError("no outputs")
    status = prompt.get("status")
    if isinstance(status, dict) and (status.get("completed") is False or status.get("status_str") == "error"):
        return None
    return [_output(node, item) for node, given in prompt["outputs"].items() for item in _files(given)]


def _files(given: Any) -> list[Any]:
    """What a node left: under images, gifs, audio … lists of files, beside texts and flags."""
    kinds = [items for items in given.values() if isinstance(items, list)] if isinstance(given, dict) else []
    return [item for items in kinds for item in items if isinstance(item, dict) and "filename" in item]


def _output(node: str, item: dict[str, Any]) -> Output:
    output = Output(item["filename"], item.get("subfolder") or "", item.get("type") or "output", node)
    texts = (output.filename, output.subfolder, output.type)
    if not all(isinstance(text, str) and len(text) <= 500 for text in texts):
        raise ValueError("no name of a file")
    if output.type not in _FOLDERS or not stays_inside(output.filename, output.subfolder):
        raise ValueError("a file outside its folders")
    return output


def remote_name(schema_key: str, version_number: int, file_id: Any, filename: str | None) -> str:
    """What a file is called on the server: told by people, and by nothing else's name.

    Twelve digits of the file's own id keep versions of one path and number in several projects apart.
    """
    path = re.sub(r"[^A-Za-z0-9.-]+", "_", schema_key).strip("_.")[:100]
    ending = re.search(r"\.[A-Za-z0-9]{1,10}$", filename or "")
    return f"{path}-v{version_number}-{file_id.hex[:12]}{ending[0].lower() if ending else ''}"


def stored(raw: bytes) -> dict[str, str]:
    """{name, subfolder, type} of an upload's answer: the name by which the next step loads it.

    Raises ValueError for any other answer.
    """
    answer = from_json(raw)
    name = answer.get("name") if isinstance(answer, dict) else None
    if not isinstance(name, str) or not name:
        raise ValueError("no name")
    kept = {"name": name, "subfolder": answer.get("subfolder") or "", "type": answer.get("type") or "input"}
    if not all(isinstance(text, str) and len(text) <= 500 and not _CONTROL.search(text) for text in kept.values()):
        raise ValueError("no text")
    return kept

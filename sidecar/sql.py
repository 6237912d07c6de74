"""Named SQL statements, kept in `queries.sql` files beside the feature that runs them.

    -- lock_project: excludes other promotions of the project, not inserts that refer to it
    SELECT ...;

A name is followed by one line on what the statement is for; the text up to the next name is the statement.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import LiteralString, cast

_NAME = re.compile(r"^-- ([a-z_]+): (.+)$", re.MULTILINE)


class Statements:
    """The statements of one file, as attributes: `sql = Statements(__file__)`; `sql.lock_project`."""

    def __init__(self, module_file: str) -> None:
        self.path = Path(module_file).with_name("queries.sql")
        self._texts = parse(self.path.read_text(encoding="utf-8"))

    def __getattr__(self, name: str) -> LiteralString:
        try:
            return self._texts[name]
        except KeyError:
            raise AttributeError(f"{self.path.parent.name}/queries.sql has no statement named {name}") from None

    def __iter__(self):
        return iter(self._texts.items())


def parse(text: str) -> dict[str, LiteralString]:
    """Split a queries file into {name: statement}.

    Raises ValueError for a name that occurs twice.
    """
    parts = _NAME.split(text)[1:]
    statements: dict[str, LiteralString] = {}
    for name, _purpose, body in zip(parts[0::3], parts[1::3], parts[2::3], strict=True):
        if name in statements:
            raise ValueError(f"the statement {name} is defined twice")
        # Statements come from files of this package only, never from a request.
        statements[name] = cast(LiteralString, body.strip().rstrip(";").rstrip())
    return statements

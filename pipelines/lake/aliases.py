"""enterprise_aliases.csv: names of enterprises that no register holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import UsageError
from pipelines.lake.decision_rows import Party, read_day, read_parties, read_rows

ALIASES = "enterprise_aliases.csv"
_COLUMNS = ["alias", "enterprise", "kind", "source_document", "author", "date"]
_KINDS = ("english", "former", "short", "other")


@dataclass(frozen=True)
class Alias:
    """A name by which an enterprise is known and which no register holds."""

    line: int
    alias: Party
    enterprise: Party
    kind: str
    source_document: str


def load_aliases(path: Path) -> list[Alias]:
    """The declared aliases in file order.

    Raises UsageError naming the file and line where one is not written as sources/README.md says or one alias is
    declared for two enterprises.
    """
    rows = read_rows(path, _COLUMNS)
    parties = read_parties(path, [(line, row[side]) for line, row in rows for side in ("alias", "enterprise")])
    aliases: dict[str, Alias] = {}
    for number, (line_no, row) in enumerate(rows):
        line, kind = f"{path}:{line_no}", row["kind"]
        alias, enterprise = parties[2 * number], parties[2 * number + 1]
        if alias.uscc:
            raise UsageError(f"{line}: alias {alias.uscc} is a credit code; an alias is a name")
        if kind not in _KINDS:
            raise UsageError(f"{line}: kind {kind or '(empty)'}: write one of {', '.join(_KINDS)}")
        if alias.identity == enterprise.identity:
            raise UsageError(f"{line}: the alias is the name of its enterprise; remove the line")
        read_day(line, row["date"])
        earlier = aliases.get(alias.identity)
        if earlier is not None:
            raise UsageError(
                f"{line}: alias {row['alias']} is declared in line {earlier.line} already; remove one of them"
            )
        aliases[alias.identity] = Alias(line_no, alias, enterprise, kind, row["source_document"])
    return list(aliases.values())

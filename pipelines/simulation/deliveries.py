"""Writing simulated deliveries, their intended defects and the truth about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

# Columns of a sample about a firm that it names, and the columns of `World.named` that they come from.
_PARTY_COLUMNS = {
    "uscc": "uscc",
    "name": "name_then",
    "printed": "printed",
    "corruption": "corruption",
    "is_registered": "is_registered",
    "is_declared": "is_declared",
}

_DELIVERIES_SCHEMA = {
    "night": pl.Int64,
    "source_id": pl.String,
    "file": pl.String,
    "n_records": pl.Int64,
    "n_bad": pl.Int64,
    "n_skipped": pl.Int64,
    "encoding": pl.String,
}
_DEFECTS_SCHEMA = {
    "night": pl.Int64,
    "source_id": pl.String,
    "file": pl.String,
    "record_no": pl.Int64,
    "rule": pl.String,
}

NONE_BROKEN = pl.DataFrame(schema={"record_no": pl.Int64, "rule": pl.String})


def party(role: str, firms: pl.DataFrame) -> dict[str, pl.Series]:
    """The columns of samples that name these firms (`World.named`) in a role: <role>_uscc, <role>_name and so on."""
    return {f"{role}_{name}": firms[column] for name, column in _PARTY_COLUMNS.items()}


def either_party(role: str, condition: str, role_if_true: str, role_if_false: str) -> dict[str, pl.Expr]:
    """The columns of a role whose firm is that of one of two other roles, chosen by a Boolean column."""
    return {
        f"{role}_{name}": pl.when(condition).then(f"{role_if_true}_{name}").otherwise(f"{role_if_false}_{name}")
        for name in _PARTY_COLUMNS
    }


def with_defects(frame: pl.DataFrame, defects: pl.DataFrame) -> pl.DataFrame:
    """The frame with a column `defect`: the rule that the record breaks on purpose, null for sound records."""
    return (
        frame.with_columns(row=pl.int_range(pl.len(), dtype=pl.Int64))
        .join(defects.rename({"rule": "defect"}), on="row", how="left", maintain_order="left")
        .drop("row")
    )


def broken_records(frame: pl.DataFrame) -> pl.DataFrame:
    """`record_no` (from 1) and `rule` of the broken records of a delivery that consists of these rows."""
    return frame.select(record_no=pl.int_range(1, pl.len() + 1, dtype=pl.Int64), rule="defect").filter(
        pl.col("rule").is_not_null()
    )


class Deliveries:
    """The output of a simulation: a folder per night, and the truth about the deliveries and the world."""

    def __init__(self, root: Path, progress: Callable[[str], None] | None) -> None:
        self.root = root
        self._progress = progress
        self._deliveries: list[tuple[object, ...]] = []
        self._defects: list[pl.DataFrame] = []
        self._truth: dict[str, list[pl.DataFrame]] = {}

    def path(self, night: int, source_id: str, name: str) -> Path:
        """The path of a delivery; its folder is created."""
        folder = self.root / f"night_{night:04d}" / source_id
        folder.mkdir(parents=True, exist_ok=True)
        return folder / name

    def written(
        self,
        night: int,
        path: Path,
        n_records: int,
        broken: pl.DataFrame = NONE_BROKEN,
        n_skipped: int = 0,
        encoding: str = "utf-8",
    ) -> None:
        """Record a written delivery: how many records it has, which are broken, how many its declaration skips."""
        source_id = path.parent.name
        self._deliveries.append((night, source_id, path.name, n_records, len(broken), n_skipped, encoding))
        self._defects.append(
            broken.select(
                night=pl.lit(night, pl.Int64),
                source_id=pl.lit(source_id),
                file=pl.lit(path.name),
                record_no=pl.col("record_no").cast(pl.Int64),
                rule="rule",
            )
        )
        if self._progress:
            self._progress(f"night {night}: {source_id}/{path.name}, {n_records} records")

    def parties(self, night: int, source_id: str, notice: pl.DataFrame) -> None:
        """Record the firms that the sound samples of a notice name: producer, sampled firm and commissioner."""
        sound = notice.filter(pl.col("defect").is_null())
        for role in ("producer", "sampled", "commissioner"):
            named = sound.filter("is_commissioned") if role == "commissioner" else sound
            self.mentioned(
                night,
                source_id,
                role,
                named.select(
                    reference="sample_no",
                    printed_uscc=pl.lit(None, pl.String),
                    **{name: pl.col(f"{role}_{name}") for name in _PARTY_COLUMNS},
                ),
            )

    def mentioned(self, night: int, source_id: str, role: str, mentions: pl.DataFrame) -> None:
        """Record the firms that the sound records of a source name.

        `mentions` has reference (the sample's number, or the file's name and the record's number), printed,
        printed_uscc, and of `World.named` uscc, is_registered, corruption and is_declared.
        """
        self.truth(
            "mentions",
            mentions.select(
                night=pl.lit(night, pl.Int64),
                source_id=pl.lit(source_id),
                role=pl.lit(role),
                reference="reference",
                printed_name="printed",
                printed_uscc="printed_uscc",
                uscc="uscc",
                is_registered="is_registered",
                corruption="corruption",
                is_declared="is_declared",
            ),
        )

    def truth(self, table: str, rows: pl.DataFrame) -> None:
        """Add rows to a truth table; all rows of a table have the same columns."""
        self._truth.setdefault(table, []).append(rows)

    def write_truth(self) -> None:
        """Write truth/*.parquet."""
        folder = self.root / "truth"
        folder.mkdir(parents=True, exist_ok=True)
        deliveries = pl.DataFrame(self._deliveries, schema=_DELIVERIES_SCHEMA, orient="row")
        self._truth["deliveries"] = [deliveries.sort("night", "source_id", "file")]
        defects = pl.concat(self._defects) if self._defects else pl.DataFrame(schema=_DEFECTS_SCHEMA)
        self._truth["defects"] = [defects.sort("night", "source_id", "file", "record_no")]
        for name, frames in sorted(self._truth.items()):
            pl.concat(frames).write_parquet(folder / f"{name}.parquet", compression="zstd", compression_level=1)


def slices(frame: pl.DataFrame, size: int) -> Iterator[pl.DataFrame]:
    """The frame in slices of at most `size` rows, so that the text made of a slice stays small in memory."""
    for start in range(0, len(frame), size):
        yield frame.slice(start, size)


def write_csv(frame: pl.DataFrame, path: Path, encoding: str, quote_all: bool = False) -> None:
    """Write a CSV file with CRLF line ends in any encoding (utf-8-sig starts it with a byte-order mark)."""
    with path.open("wb") as file:
        for number, rows in enumerate([frame] if frame.is_empty() else slices(frame, 50_000)):
            text = rows.write_csv(
                include_header=number == 0,
                line_terminator="\r\n",
                quote_style="always" if quote_all else "necessary",
            )
            file.write(text.encode(encoding if number == 0 else encoding.removesuffix("-sig")))


def write_text(rows: pl.Series, path: Path, mode: str = "ab") -> None:
    """Append the texts to a file as UTF-8, a line end after each."""
    text: str = rows.str.join("\n").item()
    with path.open(mode) as file:
        file.write(text.encode())
        file.write(b"\n")

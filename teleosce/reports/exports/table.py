"""A table of an export, with the meaning of each of its columns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from teleosce.core.spreadsheet import Cell

Row = Sequence[Cell]


@dataclass(frozen=True)
class Column:
    """values: those that it may hold, in words, where they are few; empty cells mean that there is none."""

    name: str
    means: str
    unit: str = ""
    values: str = ""


@dataclass(frozen=True)
class Table:
    """name: of its file and its sheet. rows: as long as the columns are many; they can be gone through once."""

    name: str
    means: str
    columns: Sequence[Column]
    rows: Iterable[Row]

    @property
    def head(self) -> list[str]:
        """The names of the columns."""
        return [one.name for one in self.columns]


def dictionary_of(tables: Sequence[Table]) -> Table:
    """The data dictionary: a row for each column of each table."""
    columns = (
        Column("table", "The table's name: the sheet's, and the file's without .csv"),
        Column("column", "The column's name"),
        Column("meaning", "What stands in it"),
        Column("unit", "Of numbers and times"),
        Column("values", "What it may hold, where that is a list"),
        Column("table_meaning", "What a row of the table is"),
    )
    rows = [
        (table.name, one.name, one.means, one.unit, one.values, table.means)
        for table in tables
        for one in table.columns
    ]
    return Table(
        "dictionary",
        "A column of a table",
        columns,
        [*rows, *(("dictionary", one.name, one.means, "", "", "") for one in columns)],
    )

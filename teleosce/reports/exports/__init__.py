"""An exam's results as files that leave the house."""

from teleosce.reports.exports.levels import tables_of
from teleosce.reports.exports.material import Material, material_of
from teleosce.reports.exports.write import write_tables

__all__ = ["Material", "material_of", "tables_of", "write_tables"]

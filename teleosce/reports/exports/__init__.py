"""An exam's results as files that leave the house: tables, and bundles that are signed.

`tables_of` is everything results are made of, a table for each level. `write_decision` is a decision run with what it
rests on, `write_appeal` one encounter with a page that opens offline, both signed by the house; `verify_bundle` says of
a bundle exactly what is altered, missing or added. `statements_of` says the same to a learning record store (xAPI).
"""

from teleosce.reports.exports.appeal import write_appeal
from teleosce.reports.exports.decision import write_decision
from teleosce.reports.exports.levels import tables_of
from teleosce.reports.exports.material import Material, material_of
from teleosce.reports.exports.verify import Verified, keys_of, verify_bundle
from teleosce.reports.exports.write import finish, new_part, no_room, write_lines, write_tables
from teleosce.reports.exports.xapi import statements_of

__all__ = [
    "Material",
    "Verified",
    "finish",
    "keys_of",
    "material_of",
    "new_part",
    "no_room",
    "statements_of",
    "tables_of",
    "verify_bundle",
    "write_appeal",
    "write_decision",
    "write_lines",
    "write_tables",
]

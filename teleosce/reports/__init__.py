"""What leaves the house: an encounter as a folder of plain files, with its forms' key presses, and their hashes."""

from teleosce.reports.export import Sources, write_export
from teleosce.reports.glance import glance_of

__all__ = ["Sources", "glance_of", "write_export"]

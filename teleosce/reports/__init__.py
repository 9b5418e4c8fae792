"""What leaves the house: an encounter as a folder of plain files, with all key presses of its forms and their hashes."""

from teleosce.reports.export import Sources, write_export

__all__ = ["Sources", "write_export"]

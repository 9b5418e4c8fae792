"""What leaves the house: an encounter as a folder of plain files, with its forms' key presses, and their hashes."""

from teleosce.reports.export import Sources, write_export

__all__ = ["Sources", "write_export"]

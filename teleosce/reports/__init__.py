"""What leaves the house: an encounter as a folder of plain files, with every key press of its forms and a list of hashes."""

from teleosce.reports.export import Sources, write_export

__all__ = ["Sources", "write_export"]

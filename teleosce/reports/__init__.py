"""What leaves the house: an encounter as a folder with its hashes."""

from teleosce.reports.export import Sources, write_export

__all__ = ["Sources", "write_export"]

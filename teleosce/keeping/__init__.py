"""What outlives the day, and what does not.

Backups that are taken while the server runs and proved by restoring them; the archive's film of an encounter; an
exam's rule for how long things are kept, with the legal hold that stops it; erasing a person, and their own data as one
archive.
"""

from teleosce.keeping.backup import back_up
from teleosce.keeping.backup_list import RESTORING, Backup
from teleosce.keeping.restore import restore
from teleosce.keeping.store import faults_of

__all__ = ["RESTORING", "Backup", "back_up", "faults_of", "restore"]

"""What outlives the day, and what does not: backups, the archive's film, and what must go in its time.

A backup is taken while the server runs and is proved by restoring it.
"""

from teleosce.keeping.backup import back_up
from teleosce.keeping.backup_list import RESTORING, Backup
from teleosce.keeping.restore import restore
from teleosce.keeping.store import faults_of

__all__ = ["RESTORING", "Backup", "back_up", "faults_of", "restore"]

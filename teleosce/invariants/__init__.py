"""What must be true of a data folder whatever happened to the machine: the checker behind `teleosce verify`.

It reads only, and may run beside a live server. Each breach is a sentence about one thing at one place.
"""

from teleosce.invariants.breach import Breach
from teleosce.invariants.check import Acknowledgement, check, read_acknowledgements

__all__ = ["Acknowledgement", "Breach", "check", "read_acknowledgements"]

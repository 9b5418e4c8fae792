"""A reel for teaching: moments of several encounters in one WebM, each behind a card that says where it is from.

Pictures are copied as they were recorded, from the key frame before the moment on (fast; one side is seen), or rendered
from the very moment on (both sides). The voices of both are mixed anew in either case, as one sound without a seam.
"""

from teleosce.keeping.reel.cut import make_reel
from teleosce.keeping.reel.plan import CARD_MS, Clip, Made, Placed, ReelPlan, Side

__all__ = ["CARD_MS", "Clip", "Made", "Placed", "ReelPlan", "Side", "make_reel"]

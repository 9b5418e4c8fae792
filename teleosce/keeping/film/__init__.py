"""The archive's film of an encounter: both pictures side by side, both voices, captions, on the encounter's timeline.

VP9 (libvpx, BSD) and AAC (libavcodec's own encoder, LGPL) in MP4: a file for any player, made without GPL encoders. It
is rendered in parts of a minute, which are kept: a film that was interrupted goes on with the part that is missing.
"""

from teleosce.keeping.film.plan import Cue, Plan, Stretch
from teleosce.keeping.film.render import make_film, parts_of

__all__ = ["Cue", "Plan", "Stretch", "make_film", "parts_of"]

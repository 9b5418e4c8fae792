"""All times and sizes of live media in one place. Seconds, bits a second, packets."""

CONNECT_S = 15.0
"""How long ICE and DTLS may take together before a peer counts as failed."""

LOST_S = 8.0
"""A publisher without one authentic packet for so long is lost; looked at every `TICK_S`."""

DOUBT_S = 0.1
"""Between the look that finds nobody there and the one that believes it; one that comes so late does not."""

TICK_S = 1.0
"""Receiver reports, bitrate limits and the figures of health."""

LOOK_EVERY_S = 0.008
"""How long packets may wait at a port for the next look at all of them. Every look wakes this machine, and what it
sends the next one: against 4 ms a packet costs a tenth less where sessions are few, for 2 ms of delay on average."""

LOOK_AT_MOST_S = 0.01
"""How long one look may go on while packets keep coming. A bell is many turns of the event loop away from its pages:
with more media than the machine can carry, packets wait and are lost, but bells and marks are not late."""

NACK_AFTER_S = 0.010
"""A packet is missing, and not just late by a place or two, after so long."""

NACK_AGAIN_S = 0.050
"""The least time between two requests for one packet; the round trip where that is known and longer."""

NACK_TICK_S = 0.020
NACK_GIVE_UP_S = 1.0
NACK_TRIES = 10

KEY_FRAME_AGAIN_S = 0.5
"""At most two requests for a key frame a second, repeated until it comes."""

KEY_FRAME_EVERY_S = 1.5
"""While somebody records, so that a seek never decodes from further back: a browser takes some 40 ms of one thread
for a second of each picture (`bench.desk`), and an examiner goes to hundreds of moments in an evening. Of those in a
room one after the other is asked: both pictures are sought together, and so neither is far from a key frame while the
other is. Against five seconds the same bits give the same likeness (PSNR within 0.1 dB, libvpx, 480p, 700 kb/s)."""

FLUSH_EVERY_S = 0.1
"""How long packets are gathered for subscribers of the server's own."""

AUDIO_RING = 256
"""Five seconds of Opus in packets of 20 ms."""

VIDEO_RING = 256
"""Three seconds of 480p, more than one of 720p: all that a listener still asks for."""

DROPOUT = 3000
"""A sequence number further ahead than this is another stream (RFC 3550, A.1)."""

CEILING_BPS = 2_500_000
"""The most a publisher is asked to send; the page sets the picture's own limit below it."""

FLOOR_BPS = 250_000
"""Below this a picture helps nobody: it is paused instead."""

AUDIO_BPS = 60_000
"""What Opus at 32 kb/s takes with headers; kept free before video gets a bit."""

LOSS_BAD = 0.10
LOSS_GOOD = 0.02
"""Fractions lost above which a sender slows and below which it speeds up (draft-ietf-rmcat-gcc-02, section 6)."""

LOSS_PACKETS = 20
"""Fewer packets say nothing about a line."""

REPORT_HOLDS_S = 6.0
"""How long a receiver's report counts when no newer comes: for audio alone, browsers report every five seconds."""

QUEUE_BAD_S = 0.4
"""Time spent standing in some router's queue, above the quickest packet seen."""

PAUSE_AFTER_S = 2.0
"""Still bad at the lowest rate for so long: pause the picture."""

RESUME_AFTER_S = 6.0
RESUME_AT_MOST_S = 60.0
"""Health asked for before the picture comes back; doubled each time it does not last `RESUME_LASTS_S`."""

RESUME_LASTS_S = 30.0

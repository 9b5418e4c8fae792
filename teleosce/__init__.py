"""teleosce: remote teleconsultation OSCEs, from a link to a mark."""

import os

__version__ = "0.1.0"

# numpy reads it when it is first imported. The matrices here are small: a second thread gains nothing, and while it
# waits for the first it keeps a core from everybody's calls.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

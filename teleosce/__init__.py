"""teleosce: remote teleconsultation OSCEs, from a link to a mark."""

__version__ = "0.1.0"

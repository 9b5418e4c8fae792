"""Real browsers against a real server: a whole consultation, and every page."""

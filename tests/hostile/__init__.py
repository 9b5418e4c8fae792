"""What strangers send: nothing of it ends a call, fills the log, leaks, or is answered with a 500."""

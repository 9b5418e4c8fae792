"""The server as programs reach it: real rooms, a real database, real sockets."""

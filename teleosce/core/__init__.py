"""What every room stands on: settings, the clock, ids, faults, the database, events, jobs and files.

Nothing here knows what an exam is, and nothing here imports another room.
"""

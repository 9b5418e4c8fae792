"""`python -m teleosce`: the same as the command `teleosce`."""

from teleosce.cli import main

main()

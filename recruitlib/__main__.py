"""Run the commands: ``python -m recruitlib``."""

from recruitlib.cli import main

main()

"""Command-line programs behind the Makefile."""

from tools import program

# Here, because every tool passes here before its own imports.
program.end_quietly()

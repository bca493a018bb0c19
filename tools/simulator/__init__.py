"""Simulator: AWS on this machine, for the demo, the end-to-end tests and the benchmarks.

README.md beside this file says what each module is, how it is started, and what it does not imitate.
"""

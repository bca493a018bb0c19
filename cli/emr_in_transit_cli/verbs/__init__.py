"""The verbs of the command line, one module each: its options, its help, and what it calls.

What a verb works with is imported when it runs, so that the help of each is quick.
"""

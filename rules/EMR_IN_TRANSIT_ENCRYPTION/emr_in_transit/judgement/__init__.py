"""Pure: decides whether data in transit is encrypted, and words the answer.

Nothing in this package calls AWS, reads a clock or the environment, or writes a log.
"""

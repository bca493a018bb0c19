"""What ``report`` reads, what it makes of it, and how it is written."""

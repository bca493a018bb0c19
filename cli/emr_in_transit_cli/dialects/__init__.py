"""The forms in which clusters and security configurations are written down, and how each is read."""

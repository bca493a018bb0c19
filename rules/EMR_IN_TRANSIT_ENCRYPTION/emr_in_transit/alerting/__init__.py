"""Alerting: who has been told of what."""

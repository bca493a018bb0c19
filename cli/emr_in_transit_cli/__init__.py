"""The command ``emr-in-transit``: what the rule says of clusters, at a terminal and in pipelines.

It reads documents and writes reports; every verdict comes from ``emr_in_transit``, the package that
Lambda runs.
"""

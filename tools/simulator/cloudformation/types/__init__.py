"""Simulator: CloudFormation's resource types. Each is made by its service's own API, as in AWS.

A type is a direct subclass of CloudFormationModel (moto finds it by that) that says which
properties it honours, and which it may leave aside and why.
"""

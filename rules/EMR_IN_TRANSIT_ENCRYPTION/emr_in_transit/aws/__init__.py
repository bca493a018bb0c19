"""AWS adapter: everything that talks to AWS; each module declares the IAM actions it needs."""

"""Package: what is asked of AWS, and what is written there; each module names its IAM actions."""

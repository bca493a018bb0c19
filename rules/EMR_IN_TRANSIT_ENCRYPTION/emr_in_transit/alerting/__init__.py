"""Package: who is told of what: episodes, messages, digests, findings in Security Hub."""

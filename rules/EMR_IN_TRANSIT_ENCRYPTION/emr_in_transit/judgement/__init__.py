"""Package: the judgement: pure, facts in and verdicts out; its tables are data."""

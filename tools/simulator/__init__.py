"""Simulator: AWS on this machine, for the demo, the end-to-end tests and the benchmarks.

One process serves moto's AWS and, around it, what moto lacks or gets wrong. `python -m tools.simulator`
starts it; `tools.simulator.client.Simulator` starts it from Python and speaks to its control routes.

| modules | what they are |
|---|---|
| `server`, `lean`, `control`, `work` | the process, its quick start, its control routes, its background work |
| `client`, `control_client`, `terminal` | how Python starts a simulator and steers it, and a terminal uses it |
| `program` | how programs here start and end: one line where others show a traceback |
| `accounts`, `identity`, `wire`, `answers`, `failures` | who calls, with what; AWS's errors |
| `journal`, `faults`, `buckets` | every call remembered; scripted faults; EMR's request limits |
| `iam` | IAM enforced on every call; AWS's managed policies, resource policies, organizations, keys |
| `emr` | Amazon EMR: cluster states, security configurations, instance groups and fleets, tags |
| `awsconfig` | AWS Config: rules, evaluations, the recorder, the queries |
| `functions` | AWS Lambda |
| `cloudformation` | CloudFormation and its strictness |
| `events` | EventBridge |
| `topics`, `queues`, `refusals`, `inbox` | SNS, SQS, and the mail that people get |
| `alarms` | CloudWatch alarms, set by hand |
| `securityhub` | Security Hub's findings |
| `inspection` | what an account check asks of IAM and AWS Config |
"""

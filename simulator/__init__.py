"""Simulator: AWS on this machine, for the demo, the end-to-end tests and the benchmarks.

One process serves moto's AWS and, around it, what moto lacks or gets wrong. `python -m simulator`
starts it; `simulator.client.Simulator` starts it from Python and speaks to its control routes.

| modules | what they are |
|---|---|
| `server`, `lean`, `control`, `work` | the process, its quick start, its control routes, its background work |
| `client`, `control_client` | how Python starts a simulator and steers it |
| `accounts`, `identity`, `wire`, `answers`, `failures` | who calls, with what; AWS's errors |
| `journal`, `faults`, `buckets` | every call remembered; scripted faults; EMR's request limits |
| `iam`, `signatures`, `grants`, `policies`, `resources`, `trust` | IAM enforced on every call |
| `managed_policies`, `resource_policies`, `policy_conditions`, `organizations`, `keys` | policies |
| `emr` | Amazon EMR: cluster states, security configurations, instance groups and fleets |
| `awsconfig` | AWS Config: rules, evaluations, the recorder, the queries |
| `functions`, `function_...` | AWS Lambda |
| `cloudformation`, `cfn_types`, `stack_resources`, `template_...` | CloudFormation and its strictness |
| `events`, `event_...` | EventBridge |
| `topics`, `topic_...`, `queues`, `refusals`, `inbox` | SNS, SQS, and the mail that people get |
| `alarms`, `alarm_...`, `metrics` | CloudWatch |
"""

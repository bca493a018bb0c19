"""Tool: what a real account is asked, before the stack is deployed and after.

| module | what it does |
|---|---|
| `preflight`, `verify` | the two commands: their options, which checks they make, their exit status |
| `command` | what both have in common: options, session, refusals |
| `aws`, `results`, `report` | a call with the right that it takes; a check and what it finds; what is printed and written |
| `recording` | AWS Config: what it records, and where it delivers that |
| `decisions` | what a resource's policy says to a role or a service |
| `before`, `topics`, `rights` | what a deployment needs; topics, their readers and keys; what a caller or a role may do |
| `deployed`, `functions`, `policies`, `delivery`, `watching` | what a stack holds, and whether it is as the template has it |
| `trial`, `create`, `launch`, `hybrid`, `clean_up` | the trials that make something, and how that goes again |
| `pages` | the tables of docs/proof.md, from the code |
"""

import sys

from tools.package import ROOT, RULE

# The rule's own package says what its functions need, and the command's how a template is read.
sys.path[:0] = [str(RULE), str(ROOT / "cli")]

# Every target works on a fresh clone: it makes the environment that it needs.
.DEFAULT_GOAL := help
# Many containers set it. Each process would compile moto and botocore anew, for longer than it works.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help demo simulator test check package deploy publish bench lock authorization clean
.PHONY: preflight verify
.PHONY: rdk-init rdk-deploy rdk-alerts rdk-undeploy rdk-test-local rdk-template rdk-export
.PHONY: release
PYTHON ?= python3
PORT ?= 5111
WORKERS ?= 4
STACK ?= emr-in-transit-encryption
TEMPLATES = template.yml $(sort $(wildcard rdk-config/*.yml))
RDK_FOLDER ?= dist/rdk
RDK = .venv-rdk/bin/python -m tools.rdk --folder "$(RDK_FOLDER)" --region-set "$(REGION_SET)" \
	--bucket "$(CODE_BUCKET)" --role "$(ROLE)" --layer "$(LAYER)"

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

demo: environment-demo ## the rule at work, on this machine
	@.venv/bin/python -m tools.demo

simulator: environment-demo ## AWS on this machine, to point boto3 or the AWS CLI at (PORT=5111)
	@.venv/bin/python -m tools.simulator --port "$(PORT)"

test: environment-dev environment-rdk environment-awscli environment-release ## all tests, with their coverage; a part without: [ARGS="tests/unit/test_sweep.py -k alert" WORKERS=4]
	@.venv/bin/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(or $(ARGS),--durations=10 --cov=rules --cov=cli --cov-fail-under=100)

check: environment-dev environment-checkov environment-authorization ## linters, types, templates and grants
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/cfn-lint --regions $$(.venv/bin/python -m tools.regions $(TEMPLATES)) -- $(TEMPLATES)
	@.venv-checkov/bin/checkov --quiet --compact --skip-download --framework cloudformation --file $(TEMPLATES)
	@.venv-authorization/bin/python -m tools.authorization_data --check
	@.venv/bin/python -m pytest -q --no-header tests/test_grants.py

package: environment-demo ## dist/*.zip, the Lambda code
	@.venv/bin/python -m tools.package

deploy: environment-demo ## upload and deploy: CODE_BUCKET=name [STACK=name] [TAGS="team=sec ..."] [PARAMETERS="Name=value ..."]
	@.venv/bin/python -m tools.deploy --bucket "$(CODE_BUCKET)" --stack "$(STACK)" --tags "$(TAGS)" $(PARAMETERS)

preflight: environment-demo ## look at your account before a deployment, read-only: [REGION= CODE_BUCKET= ALERT_TOPIC_ARN= STACK= ARGS=]
	@.venv/bin/python -m tools.account_check.preflight --region "$(REGION)" --bucket "$(CODE_BUCKET)" \
		--topic "$(ALERT_TOPIC_ARN)" --stack "$(STACK)" $(ARGS)

verify: environment-demo ## look whether a deployed stack works, read-only: [STACK= REGION=]; go the whole way: [ARGS="--create"]
	@.venv/bin/python -m tools.account_check.verify --region "$(REGION)" --stack "$(STACK)" $(ARGS)

publish: environment-demo ## code and template into a bucket of every Region: CODE_BUCKET=prefix REGIONS="..." [ORGANIZATION=o-...] [PUBLISHERS="role ARNs"]
	@.venv/bin/python -m tools.publish --bucket "$(CODE_BUCKET)" --regions "$(REGIONS)" \
		--organization "$(ORGANIZATION)" --publishers "$(PUBLISHERS)"

release: environment-dev environment-release ## dist/VERSION: code, template, wheel, sdist, components, checksums: [TAG=v0.2.0]
	@.venv/bin/python -m tools.release --tag "$(TAG)"

rdk-init: environment-rdk ## rdk's bucket for code, and AWS Config where it is off: [REGION_SET=name]
	@$(RDK) init

rdk-deploy: environment-rdk ## deploy with rdk: [PARAMETERS="name=value ..."] [REGION_SET= CODE_BUCKET= ROLE= LAYER=]
	@$(RDK) deploy $(PARAMETERS)

rdk-alerts: environment-rdk ## alerts beside that: [PARAMETERS="AlertEmail=oncall@example.com"] [REGION_SET=name]
	@$(RDK) alerts $(PARAMETERS)

rdk-undeploy: environment-rdk ## remove all that: [REGION_SET=name]
	@$(RDK) undeploy

rdk-test-local: environment-rdk ## the rule's test under rdk
	@$(RDK) test-local

rdk-template: environment-rdk ## dist/rdk/rule-template.json, the rule alone
	@$(RDK) template $(PARAMETERS)

rdk-export: environment-rdk ## dist/rdk/export, Terraform code
	@$(RDK) export $(PARAMETERS)

bench: environment-bench ## calls, times and memory beside a plain rule: [ARGS="--fleets 100,500 --speed 20 --quick"]
	@.venv/bin/python -m tools.bench $(ARGS)

lock: environment-dev ## renew the lock files
	@.venv/bin/python -m tools.lock

authorization: environment-authorization ## renew AWS's table of actions and the resources that each takes
	@.venv-authorization/bin/python -m tools.authorization_data

clean: ## remove what the targets have made
	@rm -rf .venv .venv-authorization .venv-awscli .venv-checkov .venv-rdk .venv-release dist .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache rules/*/*.zip
	@find . -name __pycache__ -prune -exec rm -rf {} +

environment-%:
	@$(PYTHON) tools/environment.py $*

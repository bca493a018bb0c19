# Every target works on a fresh clone: it makes the environment that it needs.
.DEFAULT_GOAL := help
.PHONY: help demo simulator test check package deploy explain lock clean
PYTHON ?= python3
PORT ?= 5111
STACK ?= emr-in-transit-encryption

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

demo: environment-demo ## the rule at work, on this machine
	@.venv/bin/python -m tools.demo

simulator: environment-demo ## AWS on this machine, to point boto3 or the AWS CLI at (PORT=5111)
	@.venv/bin/python -m simulator --port $(PORT)

test: environment-dev ## all tests
	@.venv/bin/python -m pytest -n 2 --cov $(ARGS)

check: environment-dev environment-checkov ## linters, types and templates
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/cfn-lint template.yml
	@.venv-checkov/bin/checkov --quiet --compact --skip-download --framework cloudformation --file template.yml

package: environment-demo ## dist/*.zip, the Lambda code
	@.venv/bin/python -m tools.package

deploy: environment-demo ## upload and deploy: CODE_BUCKET=name [STACK=name] [PARAMETERS="Name=value ..."]
	@.venv/bin/python -m tools.deploy --bucket "$(CODE_BUCKET)" --stack "$(STACK)" $(PARAMETERS)

explain: environment-demo ## one cluster's full verdict: CLUSTER=file.json CONFIGURATION=file.json
	@.venv/bin/python -m tools.explain "$(CLUSTER)" "$(CONFIGURATION)" $(ARGS)

lock: environment-dev ## renew the lock files
	@.venv/bin/python -m tools.lock

clean: ## remove what the targets have made
	@rm -rf .venv .venv-checkov dist .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache

environment-%:
	@$(PYTHON) tools/environment.py $*

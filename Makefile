# Everything a person types; `make` alone lists the targets.
# make's own exit status is 2 whenever a command fails; the command's own is in its message.
# Needs make and Python 3.11 to 3.13 with venv. All else comes from the package registries, pinned and hashed.
PYTHON ?= python3
PORT ?= 3000
SERVE_ARGS ?=
PYTEST_ARGS ?=
# Much of the time is spent waiting for Dagster's daemon: two at once take little more CPU than one.
PYTEST_WORKERS ?= 2
BENCH_ARGS ?=
CLOUD_ARGS ?=
UPGRADE ?=

bin := .venv/bin
# A stamp says that a set of packages is in the environment: a second `make demo` installs nothing.
stamps := .venv/.stamps
sample := var/sample/call.wav
model := $(or $(STT_MODELS_DIR),var/models)/base/model.bin

export DAGSTER_DISABLE_TELEMETRY := yes
export DO_NOT_TRACK := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export UV_PYTHON_DOWNLOADS := never
unexport VIRTUAL_ENV PYTHONHOME PYTHONPATH

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo cloud dev serve test check lint format bench bench-long bench-quality bench-scale bench-serve image image-check lock clean deploy-check demo-set dev-set prompts trino

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

demo: demo-set $(model) ## Speak sample calls, transcribe, check and publish them, and show the tables
	@$(bin)/stt-pipeline demo

cloud: dev-set prompts $(model) ## S3, ECS, Postgres and Dagster here, a backfill of two dates, SQL (CLOUD_ARGS=--keep)
	@$(bin)/python -m stt_pipeline_tests.cloud $(CLOUD_ARGS)

dev: demo-set ## Open the Dagster UI on the demo's data (PORT=3000)
	@test -d var/dagster || { echo "There is no demo data yet: run 'make demo' first." >&2; exit 2; }
	@PYTHONWARNINGS=ignore DAGSTER_HOME="$(CURDIR)/var/dagster" $(bin)/dagster dev -w workspace.yaml -p $(PORT)

serve: demo-set $(model) $(sample) ## Transcribe single calls over HTTP on this machine (SERVE_ARGS='--port 8081')
	@$(bin)/stt-pipeline serve $(SERVE_ARGS)

test: dev-set prompts trino $(model) ## Run the tests, on real speech (PYTEST_ARGS='-k gate')
	@$(bin)/python -m pytest -n $(PYTEST_WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

check: lint test ## What CI and pre-commit run: lint, then the tests

lint: dev-set ## Style, types, import rules, Dagster definitions, Dockerfile, no index host in a lock file
	@$(bin)/ruff check --quiet .
	@$(bin)/ruff format --quiet --check .
	@$(bin)/mypy
	@$(bin)/lint-imports
	@PYTHONWARNINGS=ignore $(bin)/dagster definitions validate -w workspace.yaml --log-level warning
	@$(bin)/hadolint Dockerfile
	@if grep -rniE 'https?://|--(extra-)?index-url|--find-links' requirements; then \
	  echo "requirements/ names an index: run 'make lock'." >&2; exit 1; fi

format: dev-set ## Rewrite the code in the project's style
	@$(bin)/ruff check --quiet --fix .
	@$(bin)/ruff format --quiet .

bench: dev-set prompts $(model) ## Measure engines on the same calls, about two hours (BENCH_ARGS=--quick, --help)
	@$(bin)/python -m stt_pipeline_tests.benchmarks $(BENCH_ARGS)

bench-long: dev-set prompts $(model) ## The same on calls of 1 and 3 h and on 10 h of calls: an hour or two
	@$(bin)/python -m stt_pipeline_tests.benchmarks --long $(BENCH_ARGS)

bench-quality: dev-set prompts $(model) ## Word errors, signals, invented words, speakers, languages; an hour (BENCH_ARGS=--quick)
	@$(bin)/python -m stt_pipeline_tests.benchmarks.quality $(BENCH_ARGS)

bench-scale: dev-set $(model) ## A date of 60,000 recordings and 50 million words, the engine left out (BENCH_ARGS=--help)
	@$(bin)/python -m stt_pipeline_tests.benchmarks.scale $(BENCH_ARGS)

bench-serve: dev-set prompts $(model) ## The service under load of 1 to 64 clients and for half an hour (BENCH_ARGS=--quick)
	@$(bin)/python -m stt_pipeline_tests.benchmarks.serve $(BENCH_ARGS)

IMAGE ?= localhost/stt-pipeline:latest
# IMAGE_BUILD takes `CONTEXT -t TAG`; IMAGE_RUN stands before a command in the image, on this network.
IMAGE_BUILD ?= $(shell command -v docker >/dev/null && echo docker build || echo podman build)
IMAGE_RUN ?= $(firstword $(IMAGE_BUILD)) run --rm --network host $(IMAGE)
image: ## Build the image with Docker or Podman (IMAGE=tag, IMAGE_BUILD=command)
	@command -v $(firstword $(IMAGE_BUILD)) >/dev/null || { \
	  echo "No docker and no podman here: install one, or name a builder in IMAGE_BUILD." >&2; exit 2; }
	@$(IMAGE_BUILD) . -t $(IMAGE)

image-check: image dev-set prompts ## Build the image and run the main job inside it, from S3 to tables
	@STT_TEST_IMAGE_RUN="$(IMAGE_RUN)" $(bin)/python -m pytest stt_pipeline_tests/image

# TERRAFORM_CHECK takes a root module, and perhaps `plan` with Terraform's options: deploy/check asks `terraform`.
TERRAFORM_CHECK ?= deploy/check
deploy-check: dev-set $(stamps)/deploy-check ## Terraform, policies, containers, workflows, compose (TERRAFORM_CHECK=command)
	@command -v $(firstword $(TERRAFORM_CHECK)) >/dev/null || { \
	  echo "$(firstword $(TERRAFORM_CHECK)) is not there: name the command that checks Terraform in TERRAFORM_CHECK." >&2; exit 2; }
	@test "$(TERRAFORM_CHECK)" != deploy/check || command -v terraform >/dev/null || { \
	  echo "No terraform here: install Terraform 1.11 or later, or name another command in TERRAFORM_CHECK." >&2; exit 2; }
	@# Once alone: a checker may set itself up at first use. What is wrong, the tests say.
	@$(TERRAFORM_CHECK) deploy/terraform/modules/budget >/dev/null 2>&1 || true
	@STT_TEST_TERRAFORM_CHECK="$(TERRAFORM_CHECK)" STT_TEST_DEPLOY_TOOLS="$(CURDIR)/.venv-deploy/bin" \
	  $(bin)/python -m pytest -n $(PYTEST_WORKERS) --dist loadscope stt_pipeline_tests/deploy $(PYTEST_ARGS)

# Every set takes its versions from the largest, so that what is tested is what is deployed.
compile = $(bin)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-strip-extras --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(UPGRADE)
lock: $(stamps)/build ## Pin the dependencies of pyproject.toml anew (UPGRADE=--upgrade for newer versions)
	@$(compile) pyproject.toml --all-extras -o requirements/dev.txt
	@$(compile) pyproject.toml -c requirements/dev.txt -o requirements/runtime.txt
	@$(compile) pyproject.toml -c requirements/dev.txt --extra ui --extra demo --extra serve -o requirements/demo.txt
	@$(compile) pyproject.toml -c requirements/dev.txt --extra deploy --extra serve -o requirements/deploy.txt
	@$(compile) --group pyproject.toml:build -c requirements/dev.txt -o requirements/build.txt
	@$(compile) --group pyproject.toml:deploy-check -o requirements/deploy-check.txt

clean: ## Remove the environment and the tools' caches; keeps var/ (weights, prompts, the demo's data)
	@rm -rf .venv .venv-deploy .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist

# --- What the targets above stand on ---------------------------------------------------------------

demo-set: $(stamps)/demo $(stamps)/package
dev-set: $(stamps)/dev $(stamps)/package

# docopt (of num2words) has no wheel: what builds it is hashed too, in build.txt.
# uv reads no pip configuration: where a mirror is known only to pip, pip installs the same hashes.
define install
  $(bin)/uv pip install --quiet --python $(bin)/python --require-hashes \
    --build-constraints requirements/build.txt -r requirements/$(1).txt || { \
    echo "uv could not install requirements/$(1).txt; pip tries." >&2; \
    $(bin)/pip install --quiet --require-hashes --no-build-isolation -r requirements/$(1).txt; }
endef

$(stamps)/venv:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null || { \
	  echo "Python 3.11, 3.12 or 3.13 is needed and $(PYTHON) is $$($(PYTHON) --version 2>/dev/null || echo missing):" \
	    "name one that you have, such as 'make demo PYTHON=python3.12'." >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) comes without venv: install it (Debian, Ubuntu: apt install python3-venv)." >&2; exit 2; }
	@echo "Setting up .venv"
	@$(PYTHON) -m venv --clear .venv
	@mkdir -p $(stamps) && touch $@

$(stamps)/build: requirements/build.txt | $(stamps)/venv
	@$(bin)/pip install --quiet --require-hashes -r $<
	@touch $@

$(stamps)/demo: requirements/demo.txt | $(stamps)/build
	@echo "Installing the packages of the pipeline and the demo"
	@$(call install,demo)
	@touch $@

$(stamps)/dev: requirements/dev.txt | $(stamps)/build
	@echo "Installing the packages of the pipeline, the demo and the checks"
	@$(call install,dev)
	@touch $(stamps)/demo $@

# Tools that pin what the pipeline needs newer: in an environment of their own.
$(stamps)/deploy-check: requirements/deploy-check.txt | $(stamps)/build
	@echo "Installing the tools that check deploy/"
	@$(bin)/python -m venv --clear .venv-deploy
	@$(bin)/uv pip install --quiet --python .venv-deploy/bin/python --require-hashes -r $< || { \
	  echo "uv could not install $<; pip tries." >&2; .venv-deploy/bin/pip install --quiet --require-hashes -r $<; }
	@touch $@

$(stamps)/package: pyproject.toml | $(stamps)/build
	@$(bin)/uv pip install --quiet --python $(bin)/python --no-deps --no-build-isolation -e .
	@touch $@

$(model): | demo-set
	@$(bin)/stt-pipeline model fetch

$(sample): | demo-set
	@echo "Speaking a sample call"
	@$(bin)/python -m stt_pipeline.demo.sample $@

prompts: | dev-set
	@$(bin)/python -m stt_pipeline_tests.speech.fetch

# Athena's engine, for the tests of SQL: 260 MB, with Java 17 to run it.
trino: | dev-set
	@$(bin)/python -m stt_pipeline_tests.trino.fetch

# The verbs, in the order a person meets them. Works with GNU make 3.81.
.DEFAULT_GOAL := help
.PHONY: help setup up check doctor call dial logs down backup restore firewall clean venv test test-all lint docs lock
.PHONY: bench hearing knowledge tools turns capacity greeting pictures

PYTHON ?= python3
ROOMS = agent bootstrap desk phone speech

export LINE SAY WAV EXPECT PERSON KEYS TO PURPOSE NAME FILE YES DATA CALL LAST NUMBERS JSON APPLY REMOVE CLOUD

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

# What stands on make's command line was meant for it, unlike what the shell exports for other programs.
setup: GIVEN = $(foreach name,$(.VARIABLES),$(if $(filter command,$(origin $(name))),$(name)))
setup: ## ask what is needed for a real number, start the line and call it; YES=yes asks nothing
	@GIVEN='$(GIVEN)' sh bootstrap/host/setup.sh

up: ## start the line; safe to repeat
	@sh bootstrap/host/up.sh

check: ## check .env and the lines, and start nothing
	@sh bootstrap/host/check.sh

doctor: ## say what would stop a call; CALL="+1… -> +1… from ADDRESS" or LAST=5 explains calls, JSON=yes is for programs
	@sh bootstrap/host/doctor.sh

call: ## call a line and print what was said; LINE=name, SAY="… | …" or WAV=file, EXPECT="…", PERSON="…"
	@sh bootstrap/host/call.sh

dial: ## have a line call somebody; TO=+1…, PURPOSE="why", NAME="who is asked for", LINE=name
	@sh bootstrap/host/dial.sh

logs: ## follow the logs of all services, one row for each event; LOG_FORMAT=json in .env for JSON
	@sh bootstrap/host/logs.sh

down: ## say goodbye to whoever is on the line and stop; nothing is lost
	@sh bootstrap/host/down.sh

backup: ## write .env, the lines and the data into FILE, default backups/landline-<time>.tar, while the line is up
	@sh bootstrap/host/backup.sh

restore: ## replace .env, the lines and the data by those in FILE, after asking, and start the line
	@sh bootstrap/host/restore.sh

firewall: ## print rules that let calls in from the trunk provider alone; APPLY=yes sets, REMOVE=yes undoes; CLOUD=aws
	@sh bootstrap/host/firewall.sh

clean: ## delete containers, images and volumes, after asking; with DATA=yes, the calls' recordings too
	@sh bootstrap/host/clean.sh

venv: .venv/installed ## a virtualenv with every room installed in place, for work from a clone
.venv/installed: requirements.lock $(ROOMS:%=%/pyproject.toml)
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --require-hashes --requirement requirements.lock
	.venv/bin/pip install --quiet --no-deps --no-build-isolation $(ROOMS:%=--editable %)
	@touch $@

test: those = -m 'not slow'
test: test-all ## run the tests; STACK=require makes a missing engine or image a failure
test-all: venv lint ## run the tests that take long for what they find, too
	.venv/bin/pytest --numprocesses auto tests/contract tests/unit
	.venv/bin/pytest $(those) tests/stack

lint: venv ## ruff, mypy, import-linter, hadolint, shellcheck, yamllint
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo --no-cache
	.venv/bin/hadolint */Dockerfile tests/bench/*/Dockerfile tests/bench/*/*/Dockerfile tests/support/*/Dockerfile
	.venv/bin/shellcheck --external-sources bootstrap/host/*.sh livekit/*.sh metrics/*.sh .ci/run
	.venv/bin/yamllint --strict .

docs: venv ## write docs/settings.md, docs/line.schema.json, docs/doctor.md's checks and metrics/dashboard.json
	.venv/bin/python -m agent.lines.reference
	.venv/bin/python -m bootstrap.doctor.page
	.venv/bin/python -m metrics.dashboard

lock: ## resolve every room's requirements again, together; needs uv
	sh bootstrap/host/lock.sh

bench: venv ## measure the README's figures; also make bench with hearing, knowledge, tools, greeting, turns, capacity
	.venv/bin/python -m tests.bench $(filter hearing knowledge tools turns capacity greeting pictures,$(MAKECMDGOALS))

hearing knowledge tools turns capacity greeting pictures: # what bench is to measure, or to take pictures of
	@$(if $(filter bench,$(MAKECMDGOALS)),:,echo 'Type: make bench $@' >&2; exit 2)

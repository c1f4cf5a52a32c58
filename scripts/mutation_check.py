#!/usr/bin/env python3
"""Put ten deliberate faults into a copy of the sources, one by one: each must be caught by a test.

    python scripts/mutation_check.py [--only WORD] [--jobs 2]

Each fault replaces a piece of text that must be there exactly once. The tests that should catch it
run in the copy, with the interpreter that runs this script; the sources themselves are never
touched. The exit code is 1 if a fault survives, or if the tests fail without any fault.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("neutnn_pl", "hls", "datamodules", "tests", "pyproject.toml")
FUNCTIONAL, KERNELS = "neutnn_pl/functional", "neutnn_pl/kernels"
TESTS = "tests/neutnn_pl"
COLUMN, STDP = f"{TESTS}/functional/test_column.py", f"{TESTS}/functional/test_stdp.py"
PHILOX, VOTER = f"{TESTS}/functional/test_philox.py", f"{TESTS}/functional/test_voter.py"
REFERENCE = f"{TESTS}/kernels/test_reference.py"
COLUMNS = (
    f"{COLUMN}::test_a_spike_leaves_in_the_step_of_its_last_needed_input",
    f"{COLUMN}::test_winners_by_hand",
    f"{COLUMN}::test_equals_the_oracle",
)
PLUGIN = """
from hypothesis import Phase, settings

quick = (Phase.explicit, Phase.generate)
settings.register_profile("quick", phases=quick, deadline=None, database=None, derandomize=True)
settings.load_profile("quick")
"""
"""A pytest plugin: a property test that fails is not shrunk, and fails in every run."""


@dataclass(frozen=True)
class Fault:
    """One deliberate fault.

    Attributes:
        name: what is wrong, in words.
        file: path of the source, from the root of the repository.
        old: text that is there exactly once.
        new: text that takes its place.
        tests: what pytest runs to catch it, stopping at the first failure.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """What became of a fault: the first test that failed (None: it survived), and how long."""

    caught_by: str | None
    seconds: float
    output: str


FAULTS = (
    Fault(
        "the ramp starts one step late",
        f"{FUNCTIONAL}/column.py",
        "torch.minimum((t - x + 1).clamp(min=0), w)",
        "torch.minimum((t - x).clamp(min=0), w)",
        COLUMNS,
    ),
    Fault(
        "> for >= at the threshold",
        f"{FUNCTIONAL}/column.py",
        "below = (v < theta[..., None])",
        "below = (v <= theta[..., None])",
        COLUMNS,
    ),
    Fault(
        "ties go to the highest index",
        f"{FUNCTIONAL}/column.py",
        "((0xFFFFFFFF - strength) << 16) | index",
        "((0xFFFFFFFF - strength) << 16) | (0xFFFF - index)",
        COLUMNS,
    ),
    Fault(
        "an input with the output is minus, not capture",
        f"{FUNCTIONAL}/stdp.py",
        "Cases(both & (x <= y), both & (x > y), ",
        "Cases(both & (x < y), both & (x >= y), ",
        (
            f"{STDP}::test_every_case_with_and_without_reward",
            f"{STDP}::test_one_synapse_equals_the_table",
        ),
    ),
    Fault(
        "draws do not depend on the layer",
        f"{FUNCTIONAL}/philox.py",
        "c1 = ((gamma >> 32) << 12) | (stream << 8) | layer\n",
        "c1 = ((gamma >> 32) << 12) | (stream << 8)\n",
        (f"{PHILOX}::test_coordinates_of_every_stream",),
    ),
    Fault(
        "learning sees segments that were not silenced",
        f"{FUNCTIONAL}/column.py",
        "return ColumnState(out, silence(y, kept), seg_y, at)",
        "return ColumnState(out, y, seg_y, at)",
        COLUMNS,
    ),
    Fault(
        "masked synapses learn",
        f"{KERNELS}/reference.py",
        "mask.reshape(c, -1, p) & learns[..., None]",
        "mask.reshape(c, -1, p) | learns[..., None]",
        (
            f"{REFERENCE}::test_masked_synapses_never_learn_and_weights_stay_in_range",
            f"{TESTS}/nn/test_network.py::test_pruned_synapses_stay_silent_and_never_learn",
        ),
    ),
    Fault(
        "search in dendrites whose gate is 0",
        f"{KERNELS}/reference.py",
        'spec.rule.search_scope == "enabled":',
        'spec.rule.search_scope == "never":',
        (f"{REFERENCE}::test_a_shut_dendrite_never_spikes_and_learns_only_if_search_is_for_all",),
    ),
    Fault(
        "evaluation moves gamma on",
        "neutnn_pl/nn/layer.py",
        "        state, spec = self.state_of(part), self.spec(part=part)\n",
        "        self.gamma += len(x)\n"
        "        state, spec = self.state_of(part), self.spec(part=part)\n",
        (f"{REFERENCE}::test_evaluation_advances_nothing",),
    ),
    Fault(
        "the voter's ties go to the highest class",
        f"{FUNCTIONAL}/voter.py",
        "(counts * k + (k - 1 - rank)).argmax(dim=-1)",
        "(counts * k + rank).argmax(dim=-1)",
        (VOTER,),
    ),
)


def misfits(root: Path = ROOT) -> list[str]:
    """Return a line for each fault whose text is not in its file exactly once."""
    lines = []
    for fault in FAULTS:
        path = root / fault.file
        times = path.read_text(encoding="utf-8").count(fault.old) if path.is_file() else 0
        if times != 1:
            lines.append(f"{fault.name}: {fault.file} has {fault.old!r} {times} times, expected 1")
    return lines


def copy_of_sources(directory: Path) -> Path:
    """Copy what the tests need into a directory, and return it."""
    ignore = shutil.ignore_patterns("__pycache__", ".*", "*.pyc")
    for name in COPIED:
        source, target = ROOT / name, directory / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=ignore)
        else:
            shutil.copy(source, target)
    (directory / "quick_hypothesis.py").write_text(PLUGIN, encoding="utf-8")
    return directory


def run_tests(tree: Path, tests: Sequence[str]) -> Outcome:
    """Run tests in a tree until the first failure; they need no fixture of the conftest."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-rfE", "--tb=line", "--color=no"]
    command += ["-p", "no:cacheprovider", "--noconftest", "-p", "quick_hypothesis", *tests]
    environment = {
        **os.environ,
        "PYTHONPATH": str(tree),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
    }
    began = time.monotonic()
    done = subprocess.run(  # noqa: S603 - our own command
        command, cwd=tree, env=environment, capture_output=True, text=True, check=False
    )
    failed = re.search(r"^FAILED (.+?)(?: - .*)?$", done.stdout, re.MULTILINE)
    if done.returncode not in (0, 1) or (done.returncode == 1) != bool(failed):
        raise SystemExit(f"pytest did not run as it should:\n{done.stdout}\n{done.stderr}")
    caught_by = failed[1] if failed else None
    return Outcome(caught_by, time.monotonic() - began, done.stdout)


def check(fault: Fault) -> Outcome:
    """Put one fault into a fresh copy of the sources, and run its tests there."""
    with tempfile.TemporaryDirectory(prefix="neutnn_fault_") as directory:
        tree = copy_of_sources(Path(directory))
        path = tree / fault.file
        text = path.read_text(encoding="utf-8")
        if text.count(fault.old) != 1:
            raise SystemExit(f"{fault.file}: {fault.old!r}: not there exactly once")
        path.write_text(text.replace(fault.old, fault.new), encoding="utf-8")
        return run_tests(tree, fault.tests)


def check_none(faults: Sequence[Fault]) -> Outcome:
    """Run all tests of the faults on sources without any."""
    with tempfile.TemporaryDirectory(prefix="neutnn_fault_") as directory:
        tests = sorted({test for fault in faults for test in fault.tests})
        return run_tests(copy_of_sources(Path(directory)), tests)


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the faults, print a table; return 0 if every one is caught."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="faults whose name or file has this word in it")
    parser.add_argument("--jobs", type=int, default=2, help="faults at the same time (default 2)")
    options = parser.parse_args(arguments)
    if wrong := misfits():
        print("\n".join(wrong), file=sys.stderr)
        return 1
    faults = [f for f in FAULTS if options.only in f.name or options.only in f.file]
    if not faults:
        parser.error(f"--only: got {options.only!r}; expected a word of a fault's name or file")
    with ThreadPoolExecutor(options.jobs) as pool:
        clean, outcomes = pool.submit(check_none, faults), pool.map(check, faults)
        rows = [
            (f.name, f.file, o.caught_by or "NOBODY: it survived", f"{o.seconds:.0f}")
            for f, o in zip(faults, outcomes, strict=True)
        ]
        unmodified = clean.result()
    rows.append(("none", "", unmodified.caught_by or "nobody", f"{unmodified.seconds:.0f}"))
    head = ("fault", "file", "caught by", "seconds")
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    if unmodified.caught_by:
        print(f"the tests fail without any fault:\n{unmodified.output}", file=sys.stderr)
    survivors = sum(row[2].startswith("NOBODY") for row in rows)
    print(f"{len(faults) - survivors} of {len(faults)} faults caught")
    return int(survivors > 0 or unmodified.caught_by is not None)


if __name__ == "__main__":
    sys.exit(main())

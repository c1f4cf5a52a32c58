"""The check by deliberate faults: it catches one, notices a survivor, and fits the sources."""

import sys
from dataclasses import replace

import pytest

from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
import mutation_check  # isort: skip

sys.path.pop(0)


def fault(word):
    (found,) = [f for f in mutation_check.FAULTS if word in f.name]
    return found


def test_all_ten_faults_fit_the_sources():
    assert mutation_check.misfits() == []
    assert len({f.name for f in mutation_check.FAULTS}) == 10
    for one in mutation_check.FAULTS:
        assert one.old != one.new
        for test in one.tests:
            assert (ROOT / test.split("::")[0]).exists()


def test_a_fault_that_no_longer_fits_is_named(tmp_path):
    lines = mutation_check.misfits(tmp_path)
    assert len(lines) == 10
    assert lines[1].startswith("> for >= at the threshold: neutnn_pl/functional/column.py has 'bel")
    assert lines[1].endswith(" 0 times, expected 1")


BY_HAND = "tests/neutnn_pl/functional/test_column.py::test_winners_by_hand"


def test_a_fault_is_caught_and_the_sources_stay_as_they_are():
    one = replace(fault("highest index"), tests=(BY_HAND,))
    before = (ROOT / one.file).read_bytes()
    outcome = mutation_check.check(one)
    assert outcome.caught_by is not None
    assert outcome.caught_by.startswith(BY_HAND)
    assert (ROOT / one.file).read_bytes() == before


def test_a_survivor_is_reported(monkeypatch, capsys):
    harmless = replace(fault("highest index"), old="NO_SPIKE = 255\n", new="NO_SPIKE = 0xFF\n")
    monkeypatch.setattr(mutation_check, "FAULTS", (harmless,))
    monkeypatch.setattr(
        mutation_check, "run_tests", lambda tree, tests: mutation_check.Outcome(None, 1.0, "")
    )
    assert mutation_check.main([]) == 1
    assert "NOBODY: it survived" in capsys.readouterr().out


def test_tests_that_cannot_run_catch_nothing(tmp_path):
    (tmp_path / "quick_hypothesis.py").write_text("")
    with pytest.raises(SystemExit, match="pytest did not run as it should"):
        mutation_check.run_tests(tmp_path, ("none.py",))

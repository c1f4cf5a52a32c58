"""The doctor."""

import pytest

from hls import doctor
from neutnn_pl.cli import main


def test_everything_is_named_with_its_version_and_purpose(capsys):
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    for name in ("torch", "lightning", "sktime", "pyosys", "gcc", "Icarus", "Verilator", "graywolf",
                 "qrouter", "OpenSTA", "OpenROAD", "Bambu", "osu018", "nangate45"):  # fmt: skip
        assert name in out
    assert out.rstrip().endswith("The main job can run.")


def test_a_missing_program_says_how_to_get_it_and_the_exit_code_is_1(capsys, monkeypatch):
    monkeypatch.setenv("QROUTER_EXE", "/nowhere/qrouter")
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    line = next(line for line in out.splitlines() if line.startswith("qrouter"))
    assert "MISSING" in line
    assert "apt" in line
    assert "or set QROUTER_EXE" in line
    assert "The main job cannot run" in out


def test_an_optional_program_does_not_change_the_exit_code(monkeypatch):
    monkeypatch.setenv("OPENROAD_EXE", "/nowhere/openroad")
    text, fine = doctor.report()
    assert fine
    assert "not installed" in next(t for t in text.splitlines() if t.startswith("OpenROAD"))


@pytest.mark.parametrize(("name", "fine"), [("torch", False), ("wandb", True)])
def test_a_missing_package(monkeypatch, name, fine):
    found = doctor._package
    monkeypatch.setattr(doctor, "_package", lambda n: None if n == name else found(n))
    text, result = doctor.report()
    assert result is fine
    line = next(t for t in text.splitlines() if t.startswith(name))
    assert "pip install" in line
    assert ("MISSING" in line) is not fine

"""External programs."""

import sys
import time

import pytest

from hls.errors import StepFailed, ToolMissing
from hls.tool import Tool, run, time_limit

PYTHON = Tool("Python", ("python3",), "MY_PYTHON", "tests", "apt-get install python3", needed=True)


def test_the_variable_overrides_the_path(monkeypatch):
    monkeypatch.setenv("MY_PYTHON", sys.executable)
    assert str(PYTHON.find()) == sys.executable
    assert PYTHON.version().startswith("3.")
    monkeypatch.setenv("MY_PYTHON", "/nowhere/python")
    assert PYTHON.find() is None
    with pytest.raises(ToolMissing, match="got MY_PYTHON=/nowhere/python; expected an executable"):
        PYTHON.require()


def test_asking_for_a_version_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho version 1.2.3\ntouch litter\n")
    program.chmod(0o755)
    monkeypatch.setenv("MY_PYTHON", "./program")
    assert PYTHON.version() == "1.2.3"
    assert [path.name for path in tmp_path.iterdir()] == ["program"]


def test_output_goes_to_the_log_too(tmp_path):
    log = tmp_path / "log.txt"
    assert run([sys.executable, "-c", "print('hello')"], cwd=tmp_path, log=log) == "hello\n"
    assert log.read_text().endswith("hello\n")


def test_a_failure_shows_the_last_lines_and_the_log(tmp_path):
    code = "print('first'); [print(i) for i in range(50)]; raise SystemExit(3)"
    with pytest.raises(StepFailed) as error:
        run([sys.executable, "-c", code], cwd=tmp_path, log=tmp_path / "log.txt")
    text = str(error.value)
    assert "got exit code 3; expected exit code 0" in text
    assert "    49\n" in text
    assert "first" not in text
    assert text.endswith("log.txt")


def test_a_hanging_program_and_its_children_are_killed(tmp_path):
    sleep = "[sys.executable, '-c', 'import time; time.sleep(60)']"
    child = f"import subprocess, sys; subprocess.run({sleep})"
    begin = time.monotonic()
    with pytest.raises(StepFailed, match="got no end within 1 s"):
        run([sys.executable, "-c", child], cwd=tmp_path, log=tmp_path / "log.txt", timeout=1)
    assert time.monotonic() - begin < 20


def test_programs_share_a_limit(tmp_path):
    def pause(seconds):
        code = f"import time; time.sleep({seconds})"
        run([sys.executable, "-c", code], cwd=tmp_path, log=tmp_path / "log.txt")

    with time_limit(2):
        pause(0.5)
        with pytest.raises(StepFailed, match=r"no end within 1\.\d+ s"):
            pause(60)
        with pytest.raises(StepFailed, match="no end within 0 s"):
            pause(0)
    pause(0)

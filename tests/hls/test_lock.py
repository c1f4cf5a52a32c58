"""The lock on a run's directory, and the guard over programs."""

import os
import signal
import subprocess
import sys
import time

import pytest

from hls.errors import Locked
from hls.lock import LOCK, locked
from tests.conftest import ROOT

HOLD = """
import sys, time
from pathlib import Path
from hls.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""
CHILD = """
import sys
from pathlib import Path
from hls.tool import run
run([sys.executable, "-c",
     "import os, subprocess, sys, time;"
     "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(61)']);"
     "open('pid', 'w').write(str(os.getpgrp())); time.sleep(61)"],
    cwd=Path(sys.argv[1]), log=Path(sys.argv[1]) / "log.txt")
"""


def start(code, *args):
    return subprocess.Popen([sys.executable, "-c", code, *map(str, args)], cwd=ROOT,
                            stdout=subprocess.PIPE, text=True)  # fmt: skip


def test_one_at_a_time_and_free_after_a_kill(tmp_path):
    holder = start(HOLD, tmp_path / "run")
    assert holder.stdout.readline() == "held\n"
    with (
        pytest.raises(
            Locked,
            match=rf"got another run at work in it \(process {holder.pid} on .*\); expected one at "
            r"a time. Wait for it, stop it, or choose another with --run_dir",
        ),
        locked(tmp_path / "run"),
    ):
        pass
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with locked(tmp_path / "run"):
        assert (tmp_path / "run" / LOCK).exists()
    assert not (tmp_path / "run" / LOCK).exists()


def test_programs_of_a_killed_process_die_too(tmp_path):
    parent = start(CHILD, tmp_path)
    deadline = time.monotonic() + 30
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    group = int((tmp_path / "pid").read_text())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    while True:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            break
        state = subprocess.run(["ps", "-o", "stat=", "-g", str(group)], capture_output=True,
                               text=True, check=False).stdout.split()  # fmt: skip
        if all(s.startswith("Z") for s in state):
            break
        assert time.monotonic() < deadline, state
        time.sleep(0.05)

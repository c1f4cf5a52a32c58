"""A pretended Bambu, and a small network with samples."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hls.ir import FrozenNetwork, Outputs, Stimulus
from neutnn_pl.smoke import tiny

HELP = """\
    --compiler=<compiler_version>
        Specify which compiler is used.
        Possible values for <compiler_version> are:
            I386_GCC49
            I386_GCC8
            I386_CLANG4
            I386_CLANG16
            I386_CLANGVVD

    -O<level>
    --simulator=<type>
        Specify the simulator used in generated simulation scripts:
            MODELSIM - Mentor Modelsim
            VERILATOR - Verilator simulator

    --verilator-parallel[=num_threads]
"""

PRETEND = '''\
#!{python}
"""Pretends to be Bambu."""
import sys, time
from pathlib import Path
if sys.argv[1] == "--version":
    print(" Version: PandA {version} - Revision 0123-main")
elif sys.argv[1] == "--help":
    print("""{help}""")
elif "--device-name=none" in sys.argv:
    print("Available devices:\\n - asap7-TC\\n - nangate45\\n - xc7z020-1clg484\\nerror -> none")
    sys.exit(1)
else:
{body}
'''


@pytest.fixture
def pretend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return what puts a program in Bambu's place, which does `body` when it is to work."""

    def make(body: str = "pass", version: str = "2024.10") -> Path:
        path = tmp_path / "bin" / f"bambu-{abs(hash((body, version)))}"
        path.parent.mkdir(exist_ok=True)
        lines = "".join(f"    {line}\n" for line in body.splitlines())
        text = PRETEND.format(python=sys.executable, version=version, help=HELP, body=lines)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
        monkeypatch.setenv("BAMBU_EXE", str(path))
        return path

    return make


@pytest.fixture(scope="session")
def network() -> FrozenNetwork:
    return tiny()[0]


@pytest.fixture(scope="session")
def samples() -> Stimulus:
    _, x, y = tiny()
    return Stimulus(x, None, Outputs(y))

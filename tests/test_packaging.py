"""The wheel in an empty folder, what an import costs, and what help costs."""

import os
import subprocess
import sys
import zipfile

import pytest

from neutnn_pl.recipes import recipe_names
from tests.conftest import ROOT

OPTIONAL = ("wandb", "ray", "triton", "ratinabox", "sktime", "matplotlib", "klayout", "pyverilog")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The wheel's content alone in a folder, and a folder elsewhere to work in."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--sdist", "--no-isolation", "--outdir",
         str(folder), str(ROOT)], check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    (wheel,) = folder.glob("*.whl")
    (sdist,) = folder.glob("*.tar.gz")
    assert sdist.stat().st_size > 100_000
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    (folder / "empty").mkdir()
    return folder


def neutnn(installed, *args):
    return subprocess.run(
        [sys.executable, "-m", "neutnn_pl.cli", *args], cwd=installed / "empty",
        env={**os.environ, "PYTHONPATH": str(installed / "site")}, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip


def test_commands_work_from_the_wheel_in_an_empty_folder(installed):
    listed = neutnn(installed, "ls")
    assert listed.returncode == 0, listed.stderr
    for name in recipe_names():
        assert name in listed.stdout
    assert neutnn(installed, "cp", "ucr/arrowhead", "my.yaml").returncode == 0
    assert (installed / "empty" / "my.yaml").is_file()
    assert "neutnn" in neutnn(installed, "doctor").stdout
    fitted = neutnn(installed, "fit", "-c", "my.yaml", "--trainer.max_epochs", "1")
    assert fitted.returncode == 0, fitted.stderr


def best_seconds(code, times=3):
    """Processor time of a fresh interpreter, least of a few: other work does not count."""
    program = f"{code}; import time; print(time.process_time())"
    runs = [
        subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout.split()[-1]
        for _ in range(times)
    ]
    return min(float(run) for run in runs)


def test_an_import_is_quick_and_brings_nothing_optional():
    assert best_seconds("import neutnn_pl") < 1.5
    code = f"import sys, neutnn_pl; print([m for m in {OPTIONAL} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True,
                          text=True)  # fmt: skip
    assert done.stdout.strip() == "[]"


def test_help_is_quick():
    code = "import sys; from neutnn_pl.cli import main; main(['--help'])"
    assert best_seconds(code) < 1.0

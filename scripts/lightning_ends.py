"""Runs a short training with the oldest and the newest Lightning that are supported.

    python scripts/lightning_ends.py [VERSION ...]

The default versions are the lowest that pyproject.toml allows, and the newest below 3 that pip
finds. Each is installed alone into a folder that goes afterwards and put before the installed one;
all else stays. A run is `neutnn fit`, then the same command cut short and resumed, then
`neutnn test`; all versions have to learn the same weights. `installed` is the version here.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CUT = """
import sys
from neutnn_pl.callbacks import LearningCurve
from neutnn_pl.cli import main
whole = LearningCurve.on_train_epoch_end
def cut(self, trainer, model):
    if trainer.current_epoch == 2:
        raise KeyboardInterrupt
    whole(self, trainer, model)
LearningCurve.on_train_epoch_end = cut
sys.exit(main(sys.argv[1:]))
"""
LOOK = """
import json, sys
import neutnn_pl.config, lightning
from neutnn_pl.modules import NeuTNN
found = NeuTNN.from_checkpoint(sys.argv[1]).freeze("x")
print(json.dumps([lightning.__version__, found.hash]))
"""
FIT = ["fit", "-c", "ucr/arrowhead", "--trainer.max_epochs", "6", "--data.batch_size", "10"]


def lowest() -> str:
    """Return the lowest version of Lightning that pyproject.toml allows, such as `2.6.0`."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (found,) = re.findall(r'"lightning>=([\d.]+)', text)
    return str(found) if found.count(".") == 2 else f"{found}.0"


def python(args: list[str], first: Path | None, cwd: Path, code: int = 0) -> str:
    """Run Python with a folder of packages before all others; return what it printed."""
    path = os.pathsep.join(str(p) for p in (first, ROOT) if p is not None)
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, *args], cwd=cwd, env={**os.environ, "PYTHONPATH": path},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != code:
        raise SystemExit(f"python {args[:3]}: exit code {done.returncode}\n{done.stderr[-3000:]}")
    return done.stdout


def trained(version: str, folder: Path) -> tuple[str, str]:
    """Train with a version of Lightning; return the version that ran, and the network's hash."""
    packages = None
    if version != "installed":
        packages = folder / "packages"
        wanted = "lightning<3" if version == "newest" else f"lightning=={version}"
        subprocess.run(  # noqa: S603 - pip of this interpreter
            [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
             "--no-deps", "--target", str(packages), wanted], check=True,
        )  # fmt: skip
    python(["-m", "neutnn_pl.cli", *FIT, "--run_dir", "whole"], packages, folder)
    python(["-c", CUT, *FIT, "--run_dir", "cut"], packages, folder, code=130)
    python(["-m", "neutnn_pl.cli", *FIT, "--run_dir", "cut"], packages, folder)
    python(["-m", "neutnn_pl.cli", "test", "cut"], packages, folder)
    last = Path("steps/fit/checkpoints/last.ckpt")
    one, two = (hashlib.sha256((folder / run / last).read_bytes()) for run in ("whole", "cut"))
    if one.digest() != two.digest():
        raise SystemExit(f"lightning {version}: the resumed run's checkpoint differs")
    found, network = json.loads(python(["-c", LOOK, str("cut" / last)], packages, folder))
    return found, network


def main() -> int:
    """Train with every version; return 0 if all learnt the same."""
    parser = argparse.ArgumentParser(description="a short training at both ends of Lightning")
    parser.add_argument("versions", nargs="*", default=[lowest(), "newest"])
    networks = set()
    for version in parser.parse_args().versions:
        with tempfile.TemporaryDirectory(prefix="neutnn-lightning-") as folder:
            found, network = trained(version, Path(folder))
        networks.add(network)
        print(f"lightning {found}: fit, cut and resumed, test; network {network[:12]}", flush=True)
    print("the same network" if len(networks) == 1 else "DIFFERENT networks")
    return int(len(networks) > 1)


if __name__ == "__main__":
    sys.exit(main())

"""Feeds spoilt recipes to `neutnn fit` and counts the clear answers.

    python scripts/spoil_recipes.py [COUNT]

A clear answer is exit code 2, one error that names the key or value (and, where the file can be
parsed, its line), and no traceback.
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # for tests.spoilt

from neutnn_pl.cli import main as neutnn
from tests.spoilt import Spoilt, spoil


def answer(spoilt: Spoilt, folder: Path) -> tuple[str, str]:
    """Return what is unclear about the answer to a recipe ('' if nothing), and the answer."""
    path = folder / "recipe.yaml"
    path.write_text(spoilt.text, encoding="utf-8")
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        code = neutnn(["fit", "-c", str(path), "--run_dir", str(folder / "run")])
    text = said.getvalue()
    faults = {
        f"exit code {code}": code != 2,
        "traceback": "Traceback" in text,
        f"{text.count('neutnn: error:')} errors": text.count("neutnn: error:") != 1,
        f"no {spoilt.names!r}": spoilt.names not in text,
        f"no line {spoilt.line}": bool(spoilt.line) and f"line {spoilt.line}:" not in text,
    }
    return ", ".join(fault for fault, found in faults.items() if found), text


def main() -> int:
    """Spoil, ask, count."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    done: Counter[str] = Counter()
    unclear = 0
    with tempfile.TemporaryDirectory(prefix="neutnn-spoilt-") as folder:
        for spoilt in spoil(count):
            fault, text = answer(spoilt, Path(folder))
            done[spoilt.kind] += 1
            if fault:
                unclear += 1
                print(f"{spoilt.kind}, line {spoilt.line}: {fault}\n{text}")
    kinds = ", ".join(f"{n} {kind}" for kind, n in sorted(done.items()))
    print(f"{count} spoilt recipes ({kinds}): {count - unclear} clear messages")
    return int(unclear > 0)


if __name__ == "__main__":
    sys.exit(main())

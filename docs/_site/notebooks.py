"""Runs notebooks and writes what they print and draw into them: `make notebooks`.

A cell shows what it prints and the figures that it leaves open; nothing else. So no kernel is
needed, and the tests run the same cells. Cells tagged `tools` print figures that depend on the
versions of installed programs.
"""

import base64
import contextlib
import io
import json
import sys
from pathlib import Path


def run_cell(source, names, file):
    """Run a cell in the namespace `names`; return what it prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(source, file, "exec"), names)  # noqa: S102 - our own notebook
    return printed.getvalue()


def drawn():
    """Return the open figures as PNG, and close them."""
    from matplotlib import pyplot as plt

    pictures = []
    for number in plt.get_fignums():
        target = io.BytesIO()
        plt.figure(number).savefig(target, dpi=80, bbox_inches="tight", metadata={"Software": None})
        pictures.append(base64.b64encode(target.getvalue()).decode())
    plt.close("all")
    return pictures


def outputs(printed, pictures):
    """Return the outputs of a cell as a notebook holds them."""
    found = []
    if printed:
        lines = printed.splitlines(keepends=True)
        found.append({"output_type": "stream", "name": "stdout", "text": lines})
    for picture in pictures:
        data = {"image/png": f"{picture}\n"}
        found.append({"output_type": "display_data", "metadata": {}, "data": data})
    return found


def refresh(path):
    """Run a notebook from top to bottom and keep its outputs."""
    import matplotlib as mpl

    mpl.use("Agg")
    book = json.loads(path.read_text(encoding="utf-8"))
    names = {"__name__": "__main__"}
    for number, cell in enumerate(c for c in book["cells"] if c["cell_type"] == "code"):
        printed = run_cell("".join(cell["source"]), names, path.name)
        cell["outputs"] = outputs(printed, drawn())
        cell["execution_count"] = number + 1
    path.write_text(json.dumps(book, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        refresh(Path(name))

"""Documents as a reader follows them: files are written, code and commands run, in order."""

import importlib
import json
import re
import shlex
import sys
import tomllib

import pytest

from neutnn_pl.cli import COMMANDS, main
from neutnn_pl.explore import command as explore
from neutnn_pl.explore.space import read_search
from tests.conftest import ROOT
from tests.datamodules.test_mnist import write
from tests.docs_commands import CODE, ELSEWHERE, SHORT, TRIED

PAGES = sorted((ROOT / "docs").glob("*.md")) + sorted((ROOT / "docs").glob("*.ipynb"))
BLOCK = re.compile(r"^```(\w+)(.*)\n((?:.*\n)*?)```$", re.M)
INLINE = re.compile(r"`((?:neutnn|python|pip|make|torchrun) [^`]+)`")
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
    "optional-dependencies"
]


def text_of(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return text
    cells = [c for c in json.loads(text)["cells"] if c["cell_type"] == "markdown"]
    return "\n\n".join("".join(cell["source"]) for cell in cells)


def commands(block):
    """The commands of a console block; lines that begin with > go on."""
    found = []
    for line in block.splitlines():
        if line.startswith("> "):
            found[-1] += "\n" + line[2:]
        elif line.startswith("$ "):
            found.append(line[2:])
    return [" ".join(c.partition("  #")[0].split(" ")).strip() for c in found]


def steps(path):
    """(kind, content, title) of all that a page tells its reader to do, in order."""
    text, found = text_of(path), []
    for kind, more, body in BLOCK.findall(text):
        if kind in ("console", "bash"):
            lines = body if kind == "console" else re.sub(r"^(?=.)", "$ ", body, flags=re.M)
            found += [("command", command, "") for command in commands(lines)]
        elif title := re.search(r'title="(.+?)"', more):
            found.append(("file", body, title[1]))
        elif kind == "python" and ">>>" not in body:
            found.append(("code", body, ""))
    for line in INLINE.findall(BLOCK.sub("", text)):
        words = line.split()
        named = words[0] == "neutnn" and len(words) == 2
        found.append(("name" if named else "command", " ".join(words), ""))
    return list(dict.fromkeys(found))


class Reader:
    """Does what a page says, in a folder of its own."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.patch = folder, monkeypatch
        self.names = {"__name__": "__main__"}

    def file(self, content, title):
        (self.folder / title).write_text(content, encoding="utf-8")

    def code(self, content, _):
        for long, short in CODE.items():
            content = content.replace(long, short)
        exec(compile(content, "page", "exec"), self.names)

    def name(self, line, _):
        assert line.split()[1] in COMMANDS

    def command(self, line, _):
        if line in ELSEWHERE:
            file, _, test = ELSEWHERE[line].partition("::")
            assert test in (ROOT / file).read_text("utf-8"), ELSEWHERE[line]
        elif line in TRIED:
            options = explore._parse(shlex.split(line)[2:])
            assert explore._changed(read_search(options.config), options).trials == options.trials
        else:
            self.run(SHORT.get(line, line))

    def run(self, line):
        words = shlex.split(line)
        while "=" in words[0]:
            name, value = words.pop(0).split("=")
            assert (name, value) == ("PYTHONPATH", "."), line
        program, *args = words
        if program == "neutnn":
            assert main(args) == 0, line
        elif program == "pip":
            (extra,) = re.findall(r"\[(\w+)\]", line)
            assert extra in EXTRAS
        else:
            assert program == "python", f"how is this to be tested? {line}"
            args = args[1:] if args[0] == "-m" else args
            name = args[0].removesuffix(".py").replace("/", ".")
            self.patch.setattr(sys, "argv", args)
            importlib.import_module(name).main()


@pytest.fixture
def reader(tmp_path, monkeypatch):
    """A reader in an empty folder, with forty pictures of noise for MNIST."""
    folder = tmp_path / "reader"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr("datamodules.mnist.VALIDATION", 10)
    monkeypatch.setenv("NEUTNN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NEUTNN_DATA", write(tmp_path / "data"))
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setattr(
        "benchmarks.ucr_tuned.best", lambda *_: {"rand": 0.5}, raising=True
    )  # hours otherwise; what it calls is the study's
    monkeypatch.setattr("benchmarks.mnist.SEEN", (10, 20))
    monkeypatch.setattr("benchmarks.mnist.SHARES", (0.0, 0.5))
    before = set(sys.modules)
    yield Reader(folder, monkeypatch)
    for name in set(sys.modules) - before:
        if name.startswith("my_"):
            del sys.modules[name]


@pytest.mark.parametrize("path", [p for p in PAGES if steps(p)], ids=lambda p: p.name)
def test_what_a_page_says_works(path, reader, capfd):
    for kind, content, title in steps(path):
        getattr(reader, kind)(content, title)


def test_every_entry_of_the_tables_is_still_in_a_document():
    told = {content for path in PAGES for kind, content, _ in steps(path) if kind == "command"}
    assert {*SHORT, *ELSEWHERE, *TRIED} <= told


def test_how_commands_are_found():
    assert commands("$ a b   # why\n$ for x in 1; do\n>   c\n> done\nprinted\n") == [
        "a b",
        "for x in 1; do\n  c\ndone",
    ]
    assert len([s for p in PAGES for s in steps(p) if s[0] == "code"]) >= 8

"""Documents: the examples in them are run."""

import doctest
import importlib
import pkgutil

import pytest

from tests.conftest import ROOT

DOCUMENTS = sorted(path.relative_to(ROOT) for path in (ROOT / "docs").glob("*.md"))


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_examples_in_documents(path):
    result = doctest.testfile(str(ROOT / path), module_relative=False)
    assert result.failed == 0


def modules():
    for package in ("neutnn_pl", "datamodules", "hls"):
        for info in pkgutil.walk_packages([str(ROOT / package)], f"{package}."):
            if "runner" not in info.name:
                yield info.name


@pytest.mark.parametrize("name", sorted(modules()))
def test_examples_in_docstrings(name):
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0
    assert module.__doc__

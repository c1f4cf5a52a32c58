"""The documentation's site: it builds without a warning, its links lead somewhere, it is whole."""

import importlib.util
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest

from tests.conftest import ROOT
from tests.test_docs import modules

BUILD = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir"]
LOADS = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src"}
NOTHING_LOADED = {"canonical", "next", "prev"}  # links that a browser does not follow by itself


class Page(HTMLParser):
    """What a page links to, what it loads, and its anchors."""

    def __init__(self, path):
        super().__init__()
        self.links, self.loads, self.anchors = [], [], {""}
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.anchors |= {found.get("id"), found.get("name")}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag in LOADS and found.get("rel") not in NOTHING_LOADED:
            self.loads.append(found.get(LOADS[tag]) or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built by `mkdocs build --strict`."""
    pytest.importorskip("mkdocs", reason="MkDocs is not installed: pip install neutnn-pl[docs]")
    target = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [*BUILD, str(target)], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return {str(path.relative_to(target)): path for path in target.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def pages(site):
    return {name: Page(path) for name, path in site.items() if name.endswith(".html")}


@pytest.fixture(scope="module")
def hook():
    path = ROOT / "docs" / "_site" / "pages.py"
    pytest.importorskip("mkdocs", reason="MkDocs is not installed: pip install neutnn-pl[docs]")
    spec = importlib.util.spec_from_file_location("pages", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_links_and_anchors_lead_somewhere(pages, site):
    lost = []
    for name, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or name == "404.html":
                continue
            folder = os.path.dirname(name)
            path = os.path.normpath(os.path.join(folder, unquote(parts.path)))
            target = name if not parts.path else path
            there = target in site
            if there and target in pages:
                there = unquote(parts.fragment) in pages[target].anchors
            if not there:
                lost.append(f"{name}: {link}")
    assert lost == []


def test_nothing_is_loaded_from_elsewhere(pages, site):
    far = [f"{name}: {u}" for name, page in pages.items() for u in page.loads if "//" in u]
    assert far == []
    for name, path in site.items():
        if name.endswith(".css"):
            assert not re.search(r"(url\(|@import )[\"']?(https?:)?//", path.read_text("utf-8")), (
                name
            )


def test_every_public_module_is_in_the_reference(pages):
    anchors = {a for n, page in pages.items() if n.startswith("reference/") for a in page.anchors}
    public = [name for name in modules() if "._" not in name]
    assert len(public) > 150
    assert [name for name in public if name not in anchors] == []
    assert "neutnn_pl.nn.layer.Layer.learn" in anchors


def test_notebooks_and_results_are_pages(pages, site):
    for name in ("ucr_to_layout", "mnist_pruning", "place_cells"):
        assert f"{name}.ipynb" in pages[f"{name}_notebook.html"].links
        assert f"images/{name}_0.png" in site
    assert {"recipes.html", "changelog.html", "limits.html", "glossary.html"} <= set(pages)


def test_examples_in_docstrings_are_code(site):
    text = site["reference/neutnn_pl.functional.html"].read_text("utf-8")
    assert "language-pycon" in text
    assert "&gt;&gt;&gt;" in text or "gp" in text
    assert "<blockquote>" not in text


@pytest.mark.parametrize(
    ("folder", "written", "shown"),
    [
        ("docs", "[a](../recipes/README.md#x)", "[a](recipes.md#x)"),
        ("docs", "[a](place_cells.ipynb)", "[a](place_cells_notebook.md)"),
        ("recipes", "[a](../docs/ucr.md)", "[a](ucr.md)"),
        ("recipes", "[a](ucr/arrowhead.yaml)", "a"),
        ("recipes", "![a](../docs/images/layout.png)", "![a](images/layout.png)"),
        ("docs", "[a](nowhere.md)", "[a](nowhere.md)"),
        ("docs", "[a](https://x.org/y)", "[a](https://x.org/y)"),
        ("docs", "```\n[a](../recipes/README.md)\n```", "```\n[a](../recipes/README.md)\n```"),
    ],
)
def test_links_of_the_repository_on_the_site(hook, folder, written, shown):
    assert hook.inside(written, folder) == shown


def test_a_broken_link_stops_the_build(tmp_path, site):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# A\n\n[b](b.md) [c](#c)\n")
    text = (ROOT / "mkdocs.yml").read_text("utf-8")
    checks = text[text.index("validation:") : text.index("nav:\n  - Overview")]
    (tmp_path / "mkdocs.yml").write_text(f"site_name: x\n{checks}")
    done = subprocess.run(
        [*BUILD, str(tmp_path / "site")], cwd=tmp_path, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "link 'b.md', but the target is not found" in done.stderr
    assert "no such anchor" in done.stderr

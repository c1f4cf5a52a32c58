"""Pages of the site that are made while it is built: a hook of MkDocs.

- `name.ipynb` becomes the page `name_notebook.md`, with the outputs that the notebook holds.
- Files outside `docs/` that readers want (`OUTSIDE`) become pages of their own.
- `reference/*.md`: a page for each package, with the docstrings of all its public modules.
"""

import ast
import base64
import json
import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).parents[2]
OUTSIDE = {"recipes/README.md": "recipes.md", "CHANGELOG.md": "changelog.md"}
PACKAGES = ("neutnn_pl", "datamodules", "hls")
LINK = re.compile(r"(?<!\\)(!?\[[^\]]*\])\(([^)\s#]+)(#[^)\s]*)?\)")


def on_config(config):
    """Append the reference to the navigation, and before it pages that it forgot."""
    known = set(re.findall(r"[\w/]+\.md", str(config.nav)))
    more = [path.name for path in sorted((ROOT / "docs").glob("*.md")) if path.name not in known]
    if more:
        config.nav.append({"More": more})
    pages = [{name: page(name)} for name in sorted(packages(), key=order)]
    config.nav.append({"Reference": pages})
    return config


def on_files(files, config):
    """Add the pages that are made."""

    def add(uri, content):
        files.append(File.generated(config, uri, content=content))

    for source, uri in OUTSIDE.items():
        add(uri, inside((ROOT / source).read_text(encoding="utf-8"), posixpath.dirname(source)))
    for path in sorted((ROOT / "docs").glob("*.ipynb")):
        text, pictures = notebook(path)
        add(f"{path.stem}_notebook.md", text)
        for uri, picture in pictures.items():
            add(uri, picture)
    for package, modules in packages().items():
        add(page(package), reference(package, modules))
    return files


def on_page_markdown(markdown, page, config, files):
    """Lead links that are right in the repository to where their targets are on the site."""
    if page.file.src_uri in OUTSIDE.values() or page.file.src_uri.startswith("reference/"):
        return markdown
    return inside(markdown, "docs")


def inside(markdown, folder):
    """Return text of a file in `folder` of the repository with links as from a page of the site.

    A link to a file that is not on the site becomes plain text; one to a file that does not exist
    stays, so that the strict build finds it.
    """

    def change(match):
        label, target, anchor = match.group(1), match.group(2), match.group(3) or ""
        if "://" in target or target.startswith(("mailto:", "download:")):
            return match.group(0).replace("(download:", "(")
        path = posixpath.normpath(posixpath.join(folder, target))
        if path in OUTSIDE:
            return f"{label}({OUTSIDE[path]}{anchor})"
        if path.startswith("docs/"):
            uri = path.removeprefix("docs/")
            if uri.endswith(".ipynb") and (ROOT / path).exists():
                uri = f"{uri.removesuffix('.ipynb')}_notebook.md"
            return f"{label}({uri}{anchor})"
        return label.lstrip("!")[1:-1] if (ROOT / path).exists() else match.group(0)

    parts = re.split(r"(^```.*?^```$)", markdown, flags=re.M | re.S)
    return "".join(p if p.startswith("```") else LINK.sub(change, p) for p in parts)


def notebook(path):
    """Return a notebook as Markdown, and its pictures by their names on the site."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    parts, pictures = [], {}
    for cell in cells:
        source = "".join(cell["source"]).rstrip()
        if cell["cell_type"] == "markdown":
            parts.append(source)
            if len(parts) == 1:
                parts.append(f"[{path.name}](download:{path.name}) is this page as a notebook.")
            continue
        parts.append(f"```python\n{source}\n```")
        for output in cell["outputs"]:
            if output["output_type"] == "stream":
                parts.append(printed("".join(output["text"])))
                continue
            data = output["data"]
            if "image/png" in data:
                uri = f"images/{path.stem}_{len(pictures)}.png"
                pictures[uri] = base64.b64decode("".join(data["image/png"]))
                parts.append(f"![output]({uri})")
            else:
                parts.append(printed("".join(data["text/plain"])))
    return "\n\n".join(parts) + "\n", pictures


def printed(text):
    """Return what a cell printed, set apart from code."""
    return f"```text {{.output}}\n{text.rstrip()}\n```"


def packages():
    """Return the public modules of each package, in the order of their names."""
    found = {}
    for top in PACKAGES:
        for path in sorted((ROOT / top).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            public = [part for part in parts if part == "__init__" or not part.startswith("_")]
            if len(public) < len(parts):
                continue
            package = ".".join(parts[:-1])
            names = found.setdefault(package, [])
            if parts[-1] != "__init__":
                names.append(".".join(parts))
    return found


def order(package):
    """Sort packages as `PACKAGES` has them."""
    return PACKAGES.index(package.partition(".")[0]), package


def page(package):
    """Return the name of a package's page."""
    return f"reference/{package}.md"


def reference(package, modules):
    """Return the page of a package."""
    parts = [
        f"# {package}",
        f"::: {package}\n    options:\n      show_root_heading: false\n"
        "      show_root_toc_entry: true\n      members: false",
    ]
    names = exported(package)
    if names:
        link = '<autoref identifier="{}" optional><code>{}</code></autoref>'
        where = ", ".join(link.format(target, name) for name, target in names)
        parts.append(f"Import from here: {where}.")
    first = [target.rpartition(".")[0] for _, target in names]  # what users import comes first
    for module in sorted(modules, key=lambda m: first.index(m) if m in first else len(first)):
        parts.append(f"::: {module}\n    options:\n      heading_level: 2")
    return "\n\n".join(parts) + "\n"


def exported(package):
    """Return what a package's `__init__` offers: (name, where it is defined)."""
    tree = ast.parse((ROOT / package.replace(".", "/") / "__init__.py").read_text("utf-8"))
    return [
        (alias.name, f"{node.module}.{alias.name}")
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGES)
        for alias in node.names
        if not alias.name.startswith("_")
    ]

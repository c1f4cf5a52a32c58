"""Sets examples in docstrings as code: a plain paragraph of `>>>` would become quotations."""

import re

import griffe

EXAMPLE = re.compile(r"((?:^ *>>> .*\n?)(?:^(?! *$).*\n?)*)", re.M)


class Doctests(griffe.Extension):
    """Fences doctests, and says where an object comes from."""

    def on_object(self, *, obj, **_):
        """Change the docstring before it is rendered."""
        if obj.docstring is not None and ">>>" in obj.docstring.value:
            obj.docstring.value = EXAMPLE.sub(fenced, obj.docstring.value)


def fenced(match):
    """Return an example between fences, as far in as it was."""
    text = match.group(1).rstrip("\n")
    margin = re.match(" *", text).group()
    return f"{margin}```pycon\n{text}\n{margin}```\n"

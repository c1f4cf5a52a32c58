"""Reading series: sets of the UCR archive by name, files, arrays; gaps and unequal lengths."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hls.errors import InvalidInput

SPLITS = ("train", "test")
GAPS = ("refuse", "interpolate")
_MEND = "Set --data.gaps interpolate, or give series of equal length without missing values"

Rows = list[npt.NDArray[np.float64]]
Labels = npt.NDArray[np.str_]
Split = tuple[Rows, Labels]


def load(
    name: str, split: str, root: str | None = None, gaps: str = "refuse"
) -> tuple[npt.NDArray[np.float64], Labels]:
    """Read one split of a set.

    Args:
        name: name of the set.
        split: `train` or `test`.
        root: see `UCR`.
        gaps: see `UCR`.

    Returns:
        Values, float64 `[B, L]`, and labels as text `[B]`.

    Raises:
        InvalidInput: if the set cannot be found, or its series are unequal or have gaps.
    """
    rows, labels = find(name, split, root)
    return equal(f"{name}, {split} split", rows, gaps), labels


def find(name: str, split: str, root: str | None = None) -> Split:
    """Return one split of a set as it stands: from the data root, from sktime, or downloaded.

    Raises:
        InvalidInput: if it cannot be found.
    """
    root = root or os.environ.get("NEUTNN_DATA")
    path = None if root is None else _path(name, split, Path(root).expanduser())
    try:
        return _download(name, split, root) if path is None else read(path)
    except Exception as error:  # sktime raises many kinds, urllib's among them
        raise InvalidInput(
            f"data set {name!r}, {split} split",
            got=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}",
            expected=f"{name}_{split.upper()}.ts in the data root, or a download by sktime",
            mend="Check the name, or set --data.root or NEUTNN_DATA to a folder that holds it",
        ) from error


def alone(name: str, root: str | None = None) -> bool:
    """Return whether the data root holds the TRAIN file of a set, but not its TEST file."""
    root = root or os.environ.get("NEUTNN_DATA")
    if root is None:
        return False
    base = Path(root).expanduser()
    return _path(name, "train", base) is not None and _path(name, "test", base) is None


def read(path: Path) -> Split:
    """Read a file of series.

    `.ts` is sktime's format, `.tsv` and `.txt` the archive's (label, then values), `.csv` what a
    spreadsheet writes: a series in every line; where the first line is a heading, a column `label`
    or `class` holds the labels; without one all series have the same. An empty cell is a gap.

    Raises:
        InvalidInput: if it is not there, holds several variables, or is not such a file.
    """
    if path.suffix not in (".ts", ".tsv", ".txt", ".csv"):
        raise InvalidInput(f"series {path}", got=path.suffix, expected=".csv, .ts, .tsv or .txt")
    if not path.is_file():
        raise InvalidInput(f"series {path}", got="no such file", expected="a file of series")
    if path.suffix == ".ts":
        from sktime.datasets import load_from_tsfile

        frame, labels = load_from_tsfile(str(path), return_data_type="nested_univ")
        return _unnest(str(path), frame), np.asarray(labels, dtype=np.str_)
    if path.suffix == ".csv":
        return _read_csv(path)
    fields = [line.replace(",", " ").split() for line in path.read_text("utf-8").splitlines()]
    fields = [line for line in fields if line]
    if not fields:
        raise InvalidInput(f"series {path}", got="an empty file", expected="a label and values")
    rows = [np.array(line[1:], dtype=np.float64) for line in fields]
    return rows, np.array([line[0] for line in fields], dtype=np.str_)


def _read_csv(path: Path) -> Split:
    text = path.read_text("utf-8-sig")
    head = text.partition("\n")[0]
    mark = max(",;\t", key=head.count)
    lines = [
        [cell.strip() for cell in row] for row in csv.reader(text.splitlines(), delimiter=mark)
    ]
    numbered = [(number, row) for number, row in enumerate(lines, 1) if any(row)]
    label = None
    if numbered and not all(_is_number(cell) for cell in numbered[0][1]):
        names = [cell.lower() for cell in numbered.pop(0)[1]]
        label = next((names.index(name) for name in ("label", "class") if name in names), None)
    if not numbered:
        raise InvalidInput(f"series {path}", got="no series in it", expected="one in every line")
    rows, labels = [], []
    for number, row in numbered:
        values = [cell for place, cell in enumerate(row) if place != label]
        wrong = [cell for cell in values if not _is_number(cell)]
        if wrong or (label is not None and label >= len(row)):
            raise InvalidInput(
                f"series {path}, line {number}",
                got=repr(wrong[0]) if wrong else "no label",
                expected="numbers" if wrong else "one in its column",
                mend="Head the column of labels 'label'" if wrong else None,
            )
        rows.append(np.array([float(cell or "nan") for cell in values]))
        labels.append("0" if label is None else row[label])
    return rows, np.array(labels, dtype=np.str_)


def _is_number(cell: str) -> bool:
    try:
        float(cell or "nan")
    except ValueError:
        return False
    return True


def of_arrays(
    series: npt.ArrayLike | Sequence[npt.ArrayLike], labels: Iterable[object] | None
) -> Split:
    """Return series and labels of the caller's own; without labels all have the same one.

    Args:
        series: values `[B, L]` or `[B, 1, L]`, or a sequence of 1-D arrays of any lengths.
        labels: `[B]`, anything that can be told apart as text.

    Raises:
        InvalidInput: for another shape, or another number of labels.
    """
    rows = [np.asarray(row, dtype=np.float64) for row in series]  # type: ignore[union-attr]
    rows = [row[0] if row.ndim == 2 and len(row) == 1 else row for row in rows]
    wrong = [row.shape for row in rows if row.ndim != 1 or not len(row)]
    if wrong or not rows:
        raise InvalidInput(
            "series",
            got=f"one of shape {list(wrong[0])}" if wrong else "none",
            expected="[B, L] or [B, 1, L] (one variable), or a list of 1-D arrays",
        )
    names = np.zeros(len(rows)) if labels is None else np.array([str(one) for one in labels])
    if len(names) != len(rows):
        raise InvalidInput("labels", got=len(names), expected=f"{len(rows)}, one for each series")
    return rows, names.astype(np.str_)


def equal(
    where: str, rows: Rows, gaps: str = "refuse", length: int | None = None
) -> npt.NDArray[np.float64]:
    """Return series as one array, float64 `[B, L]`.

    Args:
        where: what they are, for messages.
        rows: the series.
        gaps: `refuse` missing values and unequal lengths; or `interpolate`: a missing value lies
            on the straight line between its neighbours in time, or equals the nearest one at an
            end, and then a series of another length is read off at `length` evenly spread places.
        length: number of values; default: of the first series (`refuse`) or of the longest.

    Raises:
        InvalidInput: under `refuse`, or if a series has no value at all.
    """
    if gaps not in GAPS:
        raise InvalidInput("data: gaps", got=repr(gaps), expected=f"one of {', '.join(GAPS)}")
    if gaps == "interpolate":
        length = length or max(len(row) for row in rows)
        return np.stack([_filled(where, i, row, length) for i, row in enumerate(rows)])
    for index, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise InvalidInput(
                f"{where}: series {index} is of another length",
                got=f"{len(row)} values",
                expected=f"{len(rows[0])}, as in series 0",
                mend=_MEND,
            )
        missing = np.flatnonzero(~np.isfinite(row))
        if len(missing):
            raise InvalidInput(
                f"{where}: series {index} has a missing value",
                got=f"{row[missing[0]]} at index {missing[0]}",
                expected="finite numbers",
                mend=_MEND,
            )
    return np.stack(rows)


def _filled(
    where: str, index: int, row: npt.NDArray[np.float64], length: int
) -> npt.NDArray[np.float64]:
    known = np.flatnonzero(np.isfinite(row))
    if not len(known):
        raise InvalidInput(
            f"{where}: series {index}", got="no value at all", expected="at least one number"
        )
    if len(known) == len(row) == length:
        return row
    filled = np.interp(np.arange(len(row)), known, row[known])
    return np.interp(np.linspace(0, len(row) - 1, length), np.arange(len(row)), filled)


def _download(name: str, split: str, root: str | None) -> Split:
    """Return a split from sktime: from its wheel, or from the archive's site."""
    from sktime.datasets import load_UCR_UEA_dataset

    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "neutnn"
    target = Path(root).expanduser() if root else cache / "ucr"
    bundled = name in _bundled()
    if not bundled:
        target.mkdir(parents=True, exist_ok=True)
    frame, labels = load_UCR_UEA_dataset(
        name,
        split=split,
        return_X_y=True,
        return_type="nested_univ",
        extract_path=None if bundled else str(target),
    )
    return _unnest(name, frame), np.asarray(labels, dtype=np.str_)


def _unnest(where: str, frame: object) -> Rows:
    columns = frame.shape[1]  # type: ignore[attr-defined]
    if columns != 1:
        raise InvalidInput(
            f"{where}", got=f"{columns} variables", expected="one: univariate series"
        )
    cells = frame.iloc[:, 0]  # type: ignore[attr-defined]
    return [np.asarray(cell, dtype=np.float64) for cell in cells]


def _path(name: str, split: str, base: Path) -> Path | None:
    if not base.is_dir():
        raise InvalidInput(
            "data root", got=f"{base}, which is no folder", expected="a folder of data sets"
        )
    for folder in (base / name, base / "ucr" / name):
        for suffix in (".ts", ".tsv"):
            path = folder / f"{name}_{split.upper()}{suffix}"
            if path.is_file():
                return path
    return None


def _bundled() -> set[str]:
    import sktime.datasets

    data = Path(sktime.datasets.__file__).parent / "data"
    return {folder.name for folder in data.iterdir() if folder.is_dir()}

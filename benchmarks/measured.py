"""Measured rows, kept in a folder: what has been measured with the same tools is not again."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.designs import Design, load, save
from hls.files import write_json
from hls.forecast.features import features
from hls.forecast.measure import measure, tools

Make = Callable[[], Iterator[Design]]
LIBRARIES = ("nangate45", "asap7", "sky130hd")


def designs(name: str, make: Make, cache: Path) -> list[Design]:
    """Return the networks of one name, learnt once and kept in a folder."""
    folder = cache / "designs" / name.replace(" ", "_").replace(",", "")
    done = folder / "done"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        for number, design in enumerate(make()):
            save(design, folder / str(number))
        done.write_text("", encoding="utf-8")
    return [load(part) for part in sorted(p for p in folder.iterdir() if p.is_dir())]


def row_of(design: Design, pdk: str, cache: Path) -> dict[str, Any]:
    """Return a design's figures on a library, with its features, from the cache where it can."""
    versions = tools()
    sample = design.sample
    parts = [design.network.hash, pdk, json.dumps(versions, sort_keys=True)]
    digest = hashlib.sha256("\n".join(parts).encode() + sample.x.tobytes())
    if sample.proximal is not None:
        digest.update(sample.proximal.tobytes())
    path = cache / "rows" / f"{digest.hexdigest()[:24]}.json"
    if path.is_file():
        row: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    else:
        work = cache / "work" / digest.hexdigest()[:24]
        try:
            row = measure(design.network, pdk, sample, work)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        row |= {"network_sha256": design.network.hash, "tools": versions}
        write_json(path, row)
    row |= {"design": design.name, "application": design.application, "quality": design.quality}
    row["features"] = features(design.network, sample.x, sample.proximal)
    return row

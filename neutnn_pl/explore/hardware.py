"""What the tried networks would cost in silicon, by the forecast."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from hls.errors import NeutnnError
from hls.files import write_json
from hls.forecast import forecast
from hls.forecast.command import SAMPLES
from neutnn_pl.explore.front import Hardware, Point

FORECASTS = "forecasts.json"


def with_forecasts(points: Iterable[Point], directory: Path, pdk: str) -> list[Point]:
    """Return the points of a search, each with its forecast, but for those stopped early.

    Args:
        points: the networks that were tried.
        directory: of the search, whose `forecasts.json` keeps what was forecast.
        pdk: library.
    """
    path = directory / FORECASTS
    known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    found = []
    for point in points:
        if not point.stopped:
            kept = known.get(point.name)
            if kept is None or kept["pdk"] != pdk:
                kept = asdict(hardware_of(directory / "trials" / point.name, pdk))
                known[point.name] = kept
                write_json(path, known)
            point = replace(point, hardware=Hardware(**kept))
        found.append(point)
    return found


def hardware_of(directory: Path, pdk: str) -> Hardware:
    """Return the forecast of a run's fitted network, voter included, or why there is none.

    Its activity is that of the first images of the validation split.

    Args:
        directory: the run's directory, its recipe beside it.
        pdk: library.
    """
    from hls.step import step_dir
    from neutnn_pl.config import RecipeCLI
    from neutnn_pl.flow import LAST
    from neutnn_pl.modules import NeuTNN

    cli = RecipeCLI(["-c", str(directory.with_name(directory.name + ".yaml"))])
    network = NeuTNN.from_checkpoint(step_dir(directory, "fit") / LAST).freeze("front_point")
    try:
        # Lines above the last one that is read are no inputs of the frozen network.
        x = cli.datamodule.spikes("val")[:SAMPLES, : network.inputs]
        found = forecast(network, pdk, x)
    except NeutnnError as error:  # of a kind that the circuits cannot have
        return Hardware(pdk, reason=str(error))
    area, energy = found.area_um2, found.energy_pj
    return Hardware(
        pdk,
        area_um2=[area.value, area.low, area.high],
        energy_pj=[energy.value, energy.low, energy.high],
    )

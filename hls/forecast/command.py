"""The forecast of what is on disk: a frozen network, or a run with the samples of its ladder."""

from __future__ import annotations

from pathlib import Path

from hls.errors import InvalidInput
from hls.forecast.forecast import Forecast, forecast
from hls.ir.stimulus import STIMULUS, read_stimulus
from hls.ir.store import load
from hls.step import step_dir

SAMPLES = 64
"""Samples of a run that say how busy its circuit is: more change little."""


def forecast_of(path: Path, pdk: str, *, learning: bool = False) -> Forecast:
    """Forecast a frozen network, or that of a run.

    Args:
        path: the folder of a frozen network, or of a run.
        pdk: library.
        learning: whether the circuit that learns is meant.

    Raises:
        InvalidInput: if there is no frozen network, or no model of the library.
        Unsupported: for the circuit that learns, or a network that the RTL cannot build.
    """
    frozen = path if (path / "network.json").is_file() else path / "frozen"
    if not frozen.is_dir():
        raise InvalidInput(
            "forecast",
            got=f"no frozen network at {path}",
            expected="the folder of a frozen network, or of a run that has one",
            mend="'neutnn export RUN' freezes the network of a run",
        )
    network = load(frozen)
    file = step_dir(path, "freeze") / STIMULUS
    if not file.is_file():
        return forecast(network, pdk, learning=learning)
    given = read_stimulus(file, network)
    x, proximal = given.x[:SAMPLES], given.proximal
    sides = None if proximal is None else proximal[:SAMPLES]
    return forecast(network, pdk, x, sides, learning=learning)

"""A rat's position from spikes: place cells that form without labels, and linear decoders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import neutnn_pl  # noqa: F401 - before any import of lightning

import numpy as np  # isort: skip
import numpy.typing as npt
import place_cells_pictures as pictures
import torch
import yaml
from sklearn.linear_model import RidgeCV

from datamodules.place_cells import Trajectory
from neutnn_pl.functional import NO_SPIKE, sample_order
from neutnn_pl.modules import Clusterer
from neutnn_pl.nn import STDP
from neutnn_pl.recipes import find_recipe

Places = npt.NDArray[np.float64]


def study(seeds: int, quick: bool, images: Path) -> Iterator[tuple[str, str, list[float]]]:
    """Return cells, decoder, and median error in metres for every seed."""
    for cells in ("grid", "place"):
        errors: dict[str, list[float]] = {}
        for seed in range(seeds):
            for name, error in _one(cells, seed, quick, images).items():
                errors.setdefault(name, []).append(error)
        for name, found in errors.items():
            yield cells, name, found


def _one(cells: str, seed: int, quick: bool, images: Path) -> dict[str, float]:
    text = yaml.safe_load(find_recipe("place_cells/trajectory").read_text(encoding="utf-8"))
    settings: dict[str, Any] = {**text["data"]["init_args"], "cells": cells, "seed": seed}
    data = Trajectory(**{**settings, "seconds": 60.0 if quick else settings["seconds"]})
    model = {**text["model"]["init_args"], "inputs": data.inputs, "tres": data.tres, "seed": seed}
    network = Clusterer(**{**model, "learning": STDP(**model["learning"])}).network
    train, test = (torch.from_numpy(data.spikes(split)) for split in ("train", "test"))
    for epoch in range(text["trainer"]["max_epochs"]):
        order = sample_order(epoch, len(train), seed)
        network.learn(train[order], STDP(**model["learning"]), seed)
    where, truth = data.positions("train"), data.positions("test")
    won, asked = (network.answer(network(x)).numpy() for x in (train, test))
    if cells == "grid" and seed == 0:
        pictures.rate_maps(where, won, network.classes, images / "place_rat.png")
    errors = {"place cells (ours), mean place of the winner": decoded(won, where, asked, truth)}
    for name, (a, b) in {
        "ridge on spike times": (code(train), code(test)),
        "ridge on rates": (data.rates("train"), data.rates("test")),
    }.items():
        linear = RidgeCV(np.logspace(-4, 3, 8)).fit(a, where)
        errors[name] = median_error(linear.predict(b), truth)
    errors["always the middle of the run"] = median_error(where.mean(0)[None], truth)
    return errors


def decoded(
    won: npt.NDArray[np.int64], where: Places, asked: npt.NDArray[np.int64], truth: Places
) -> float:
    """Return the median error of the mean training place of each winner."""
    neurons = int(max(won.max(), asked.max())) + 1
    count = np.bincount(won, minlength=neurons)[:, None]
    total = np.stack([np.bincount(won, axis, minlength=neurons) for axis in where.T], axis=1)
    centre = np.where(count > 0, total / np.maximum(count, 1), where.mean(0))
    return median_error(centre[asked], truth)


def median_error(found: Places, truth: Places) -> float:
    """Return the median distance, in metres."""
    return float(np.median(np.linalg.norm(found - truth, axis=1)))


def code(x: torch.Tensor) -> Places:
    """Return spike times as numbers for a linear decoder: early near 1, none 0."""
    times = x.numpy().astype(np.float64)
    return np.where(times == NO_SPIKE, 0.0, (8 - times) / 8)

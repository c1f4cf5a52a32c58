"""The best column of each of the seven designs when labels choose it: an upper bound, no result.

    python -m benchmarks.ucr_tuned [--seeds 3] [--out runs/ucr_tuned.json]

For every set all encoders, levels and rules below are scored on TEST, and the best mean Rand index
is reported: tuned with labels. Settings that leave everything in one cluster are not among them.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path

from benchmarks.ucr_setting import DTCR, SETTINGS, SEVEN, Setting, views
from benchmarks.ucr_study import data_of, scores

import numpy as np  # isort: skip
import torch

from datamodules.encoders import (
    Autocorrelation,
    Concat,
    Derivative,
    Encoder,
    Fourier,
    MinMax,
    PosNeg,
    Quantiles,
    RandomKernels,
    View,
)
from neutnn_pl.nn import STDP
from neutnn_pl.nn.restarts import learn_restarts

LEVELS = (0.03, 0.06, 0.12, 0.25)
RULES = {
    "512/512/512": STDP(capture=512, minus=512, search=2, backoff=512, stabiliser="off"),
    "1024/256/512": STDP(capture=1024, minus=256, search=10, backoff=512, stabiliser="off"),
}
Make = Callable[[int], Encoder]


def one(view: Callable[[int], View | None], frames: int | None = None) -> Make:
    """Return an encoder of one view."""
    return lambda n: PosNeg(
        view=view(n), scale="line", frames=None if frames is None else min(frames, n)
    )


def encoders() -> dict[str, Make]:
    """Return the encoders to try, by name."""
    single: dict[str, Make] = {
        "values": one(lambda _: None, 64),
        "derivative": one(lambda _: Derivative(), 64),
        "Fourier": one(lambda n: Fourier(min(32, n // 2))),
        "Fourier 8": one(lambda n: Fourier(min(8, n // 2))),
        "Fourier, plain": one(lambda n: Fourier(min(32, n // 2), log=False)),
        "autocorrelation": one(lambda n: Autocorrelation(min(32, n // 2))),
        "quantiles": one(lambda _: Quantiles(16)),
        "values sorted": one(lambda _: Quantiles(32, order=0)),
        "plain series": lambda n: PosNeg(normalise="none", scale="line", frames=min(64, n)),
        "plain Fourier": lambda n: PosNeg(
            normalise="none", scale="line", view=Fourier(min(32, n // 2))
        ),
        "plain, a line per value": lambda _: MinMax(normalise="none", scope="line"),
        "plain quantiles": lambda _: PosNeg(normalise="none", scale="line", view=Quantiles(16, 0)),
        "four views": views(64),
        "four views, wide": views(256),
    }
    for seed, size in product(range(3), (32, 128)):
        single[f"kernels {size}, draw {seed}"] = one(
            lambda _, seed=seed, size=size: RandomKernels(size, seed)  # type: ignore[misc]
        )
    pairs = (("values", "Fourier"), ("values", "quantiles"), ("Fourier 8", "autocorrelation"))
    for a, b in pairs:
        single[f"{a} + {b}"] = lambda n, a=a, b=b: Concat(  # type: ignore[misc]
            [single[a](n), single[b](n)]
        )
    return single


def best(name: str, seeds: int, root: str | None) -> dict[str, object]:
    """Return the best setting of one set, by mean Rand index on TEST."""
    found: list[dict[str, object]] = []
    for title, make in encoders().items():
        base = replace(SETTINGS["column"], encoder=make, restarts=8)
        data = data_of(name, base, root)
        train, test = (torch.from_numpy(data.spikes(split)) for split in ("train", "test"))
        labels = torch.from_numpy(data.series("test")[1])
        for level, (rule, stdp) in product(LEVELS, RULES.items()):
            setting: Setting = replace(base, level=level, rule=stdp)
            network = setting.network(train, data.classes, data.tres)
            rows = [
                scores(learn_restarts(network, train, 3000, stdp, s), test, labels)
                for s in range(seeds)
            ]
            if min(row["ari"] for row in rows) == 0.0:
                continue
            mean = {key: float(np.mean([row[key] for row in rows])) for key in ("rand", "ari")}
            found.append({"encoder": title, "level": level, "rule": rule, **mean})
    return max(found, key=lambda one: float(str(one["rand"])))


def main() -> None:
    """Search, and print one line for each set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--root")
    parser.add_argument("--out", type=Path, default=Path("runs/ucr_tuned.json"))
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    rows = {}
    for name in SEVEN:
        rows[name] = best(name, options.seeds, options.root)
        print(f"{name:24s} DTCR {DTCR[name]:.3f}  {rows[name]}", flush=True)
    mean = np.mean([float(str(row["rand"])) for row in rows.values()])
    print(
        f"mean Rand index {mean:.3f} (DTCR {np.mean(list(DTCR.values())):.3f}), tuned with labels"
    )
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(rows, indent=1), "utf-8")


if __name__ == "__main__":
    main()

"""What the chip's draws and ties cost: `python -m benchmarks.chip_quality [--seeds 10]`.

One column, as a chip has it (no restarts), learns TRAIN with the study's setting: with Philox draws
of its own for every synapse and ties by potential, and with what hardware may have instead. Mean
Rand and adjusted Rand index on TEST over the seeds, with the standard deviation.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
import torch

from benchmarks.ucr_setting import SETTINGS, SEVEN
from benchmarks.ucr_study import data_of, scores
from neutnn_pl import nn
from neutnn_pl.nn.restarts import learn_restarts

KINDS = {
    "Philox, potential": ("philox", "synapse", "potential"),
    "Philox, index": ("philox", "synapse", "index"),
    "register for each synapse's draw, index": ("lfsr", "synapse", "index"),
    "one draw for a column, potential": ("lfsr", "column", "potential"),
    "one draw for a column, index": ("lfsr", "column", "index"),
}


def main() -> None:
    """Learn, score, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", default=list(SEVEN[:5]))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--root", help="folder of the data; default: NEUTNN_DATA")
    options = parser.parse_args()
    print("| set | draws, ties | Rand | adjusted Rand |\n|---|---|---:|---:|")
    setting = replace(SETTINGS["column"], restarts=1)
    for name in options.sets:
        data = data_of(name, setting, options.root)
        train, test = (torch.from_numpy(data.spikes(split)) for split in ("train", "test"))
        labels = torch.from_numpy(data.series("test")[1])
        for label, (source, share, tie) in KINDS.items():
            rule = setting.rule
            if source == "lfsr":
                rule = nn.STDP(**{**vars(rule), "source": source, "share": share, "lfsr_width": 32})
            rows = []
            for seed in range(options.seeds):
                network = setting.network(train, data.classes, data.tres)
                network.columns[0].tie = tie
                rows.append(
                    scores(
                        learn_restarts(network, train, setting.presentations, rule, seed),
                        test,
                        labels,
                    )
                )
            cells = [name, label]
            for key in ("rand", "ari"):
                values = np.array([row[key] for row in rows])
                cells.append(f"{values.mean():.3f} +- {values.std():.3f}")
            print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Put every fault into the Verilog of small columns, one by one: what share does the ladder catch?

    python scripts/rtl_mutation.py [--simulator icarus] [--sample 0]

Every operator, constant and register is changed once (`hls.formal.mutate`), and the rung of the
ladder compares all spike times over all input volleys, as far as these are few, each left in its
middle once by reset or by the next start.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from hls.formal.columns import LIMIT, answers, column, volleys
from hls.formal.mutate import Fault, faults, write
from hls.rtl import generate
from hls.sim.check import caught

COLUMNS = (("1-wta", "potential"), ("1-wta", "index"), ("k-wta", "potential"), ("t-wta", "index"))


def main() -> int:
    """Mutate, simulate, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulator", default="icarus")
    parser.add_argument("--columns", type=int, default=len(COLUMNS), help="how many of them")
    parser.add_argument("--sample", type=int, default=0, help="faults of each column; 0: all")
    options = parser.parse_args()
    made, found = Counter(), Counter()
    print("| column | operators | constants | registers | caught |\n|---|---:|---:|---:|---:|")
    for wta, tie in COLUMNS[: options.columns]:
        network = column(wta, tie)
        every = faults(generate(network).text)
        if options.sample:
            rng = np.random.default_rng(0)
            every = [every[i] for i in rng.permutation(len(every))[: options.sample]]
        x = volleys(network, LIMIT)
        expected = answers(network, x)
        left: list[Fault] = []
        for fault in every:
            with TemporaryDirectory() as folder:
                source = write(fault, Path(folder) / f"{network.name}.v")
                if not caught(source, network, x, expected, options.simulator):
                    left.append(fault)
        kinds = Counter(fault.kind for fault in every)
        made += kinds
        found += kinds - Counter(fault.kind for fault in left)
        cells = [f"{wta}, ties by {tie}"]
        cells += [str(kinds[kind]) for kind in ("operator", "constant", "register")]
        cells.append(f"{len(every) - len(left)} of {len(every)}")
        print("| " + " | ".join(cells) + " |", flush=True)
        for fault in left:
            print(f"  survives: {fault.kind}, {fault.what}", flush=True)
    print(f"\n{found.total()} of {made.total()} faults caught ({found.total() / made.total():.1%})")
    return 0


if __name__ == "__main__":
    sys.exit(main())

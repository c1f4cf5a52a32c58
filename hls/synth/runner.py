"""Runs a Yosys script inside pyosys; started as a process of its own by `hls.synth.yosys`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the script named by the first argument; Yosys itself exits with 1 on an error."""
    from pyosys import libyosys

    design = libyosys.Design()
    libyosys.run_pass(f"script {sys.argv[1]}", design)


if __name__ == "__main__":
    main()

"""Writes a run's network in integers, its C kernel and its Verilog.

python scripts/export_hls.py RUN
"""

import sys

from neutnn_pl.cli import main

if __name__ == "__main__":
    sys.exit(main(["flow", *sys.argv[1:2], "--to", "rtl", *sys.argv[2:]]))

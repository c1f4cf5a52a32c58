"""Brings a run from its Verilog to a layout.

python scripts/layout.py RUN [--pdk nangate45] [--layout.tool openroad]
"""

import sys

from neutnn_pl.cli import main

if __name__ == "__main__":
    sys.exit(main(["flow", *sys.argv[1:], "--to", "layout"]))

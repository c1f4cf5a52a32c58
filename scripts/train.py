"""Learns and prunes: `neutnn fit` for those who start scripts.

python scripts/train.py -c ucr/arrowhead [--model.theta 24 ...]
"""

import sys

from neutnn_pl.cli import main

if __name__ == "__main__":
    sys.exit(main(["fit", *sys.argv[1:]]))

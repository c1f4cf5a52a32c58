"""Explore designs: the command `neutnn explore` as a script.

python scripts/explore.py -c mnist/explore [--ray auto] [--trials 40]
"""

import sys

from neutnn_pl.explore.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

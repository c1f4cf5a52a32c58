"""Runs a measurement of `benchmarks/` by its name, or lists them.

python scripts/benchmark.py [NAME [OPTIONS ...]]
"""

import runpy
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
QUOTES = chr(34)


def main() -> int:
    """List, or run one."""
    known = {path.stem: path for path in sorted(BENCHMARKS.glob("[!_]*.py"))}
    if len(sys.argv) < 2:
        for name, path in known.items():
            first = path.read_text(encoding="utf-8").splitlines()[0]
            print(f"  {name:16}{first.strip(QUOTES)}")
        return 0
    name = sys.argv[1]
    if name not in known:
        print(f"benchmark {name!r}: got no such one; expected {', '.join(known)}", file=sys.stderr)
        return 2
    sys.path.insert(0, str(BENCHMARKS.parent))  # they use one another
    sys.argv = [str(known[name]), *sys.argv[2:]]
    runpy.run_path(str(known[name]), run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main())

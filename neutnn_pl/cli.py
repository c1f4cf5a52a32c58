"""The command `neutnn`."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from hls import __version__
from hls.errors import InvalidInput, NeutnnError

USAGE = """\
usage: neutnn COMMAND ...

learn
  fit -c RECIPE [--model.theta 40 ...]   learn online (Lightning CLI: --print_config, --help)
  validate | test | predict RUN          score or apply what a run has learnt
  explore -c SEARCH [--ray ADDRESS]      search designs with Ray Tune: a Pareto front
  explore -c ucr/study                   every figure of a study, its tables and pictures
to hardware
  flow -c RECIPE | RUN                   learn, prune, freeze, C, RTL, netlist, proof, layout
       [--from STEP] [--to STEP] [--skip STEP,...] [--dry-run] [--json] [--pdk LIBRARY]
  flows RECIPE|RUN ... [--pdk A,B]       many flows at once, on Ray (--ray ADDRESS): one table
  export RUN                             write RUN/frozen, the network in integers
  column RUN --layer L --column C        one column down the flow, on its own (--to STEP)
  verify RUN | PACKET                    the whole ladder again; every byte of a packet
  run RUN --input X.npy --output Y.npz   run a frozen network (--target reference|numba|c|...)
look
  report RUN                             the table; report.html and report.md beside it
  forecast NETWORK|RUN [--pdk LIBRARY]   area, power and clock to come, without any tool [--json]
  compare RUN RUN ... [--html FILE]      what differs in configuration and in figures
  compare RUN --architectures [NAME,...] one network through RTL and every C architecture
  pack RUN [--output FILE]               one archive that anybody can verify
help
  ls                                     the recipes, with measured results
  cp RECIPE FILE                         take a recipe to change it
  doctor [--smoke-test]                  what is installed and works, how to get the rest
  --version
"""
COMMANDS: dict[str, tuple[str, ...]] = {
    "fit": ("learn", "fit"),
    "validate": ("learn", "apply", "validate"),
    "test": ("learn", "apply", "test"),
    "predict": ("learn", "apply", "predict"),
    "explore": ("learn", "explore"),
    "flow": ("hardware", "flow"),
    "flows": ("hardware", "flows"),
    "export": ("hardware", "export"),
    "column": ("hardware", "column"),
    "verify": ("hardware", "verify"),
    "run": ("hardware", "run"),
    "pack": ("hardware", "pack"),
    "report": ("look", "report"),
    "forecast": ("look", "forecast"),
    "compare": ("look", "compare"),
    "ls": ("look", "ls"),
    "cp": ("look", "cp"),
    "doctor": ("look", "doctor"),
}
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code: 0, 1 for a failed step, 2 for bad input."""
    args = list(sys.argv[1:] if argv is None else argv)
    if threading.current_thread() is threading.main_thread():
        for end in (signal.SIGTERM, signal.SIGHUP):  # children die with us, as on Ctrl-C
            signal.signal(end, _stop)
    try:
        return _dispatch(args)
    except BrokenPipeError:  # the reader of our output has gone, as in `neutnn predict | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (NeutnnError, ValueError, OSError) as error:
        if os.environ.get("NEUTNN_DEBUG"):
            traceback.print_exc()
        print(f"neutnn: error: {error}", file=sys.stderr)
        return error.exit_code if isinstance(error, NeutnnError) else 2
    except KeyboardInterrupt:
        print("\nneutnn: interrupted; the same command goes on from here", file=sys.stderr)
        return INTERRUPTED
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else int(error.code is not None)


def _stop(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _dispatch(args: list[str]) -> int:
    if not args or args[0] in ("-h", "--help", "help"):
        print(USAGE, end="")
        return 0 if args else 2
    command, rest = args[0], args[1:]
    if command == "--version":
        print(f"neutnn {__version__}")
        return 0
    if command not in COMMANDS:
        import difflib

        near = difflib.get_close_matches(command, COMMANDS, n=1)
        raise InvalidInput(
            f"command {command!r}",
            got="no such command",
            expected=f"one of {', '.join(COMMANDS)}",
            mend=f"Did you mean '{near[0]}'?" if near else None,
        )
    module, function, *first = COMMANDS[command]
    call = getattr(import_module(f"neutnn_pl.commands.{module}"), function)
    return int(call(*first, rest))


if __name__ == "__main__":
    sys.exit(main())

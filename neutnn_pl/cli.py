"""The command `neutnn`."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from hls import __version__
from hls.errors import InvalidInput, NeutnnError

if TYPE_CHECKING:
    from hls.step import Step, StepRecord
    from neutnn_pl.config import RecipeCLI

USAGE = """\
usage: neutnn COMMAND ...

learn
  fit -c RECIPE [--model.theta 40 ...]   learn online (Lightning CLI: --print_config, --help)
  validate | test | predict -c RECIPE    score or apply what a run has learnt
  explore -c SEARCH [--ray ADDRESS]      search designs with Ray Tune: a Pareto front
to hardware
  flow -c RECIPE | RUN                   learn, prune, freeze, C, RTL, netlist, proof, layout
  export RUN                             write RUN/frozen, the network in integers
  column RUN --layer L --column C        one column down the flow, on its own (--to STEP)
  verify RUN                             the whole ladder again
  run RUN --input X.npy --output Y.npz   run a frozen network (--target reference|numba|c|...)
  report RUN                             the table in the terminal, the files beside it
help
  ls                                     the recipes
  cp RECIPE FILE                         take a recipe to change it
  doctor                                 what is installed, what is missing, how to get it
  --version
"""
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code: 0, 1 for a failed step, 2 for bad input."""
    args = list(sys.argv[1:] if argv is None else argv)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _stop)  # so that children die with us, as on Ctrl-C
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
    commands: dict[str, Callable[[list[str]], int]] = {
        "fit": _fit,
        "validate": lambda a: _apply("validate", a),
        "test": lambda a: _apply("test", a),
        "predict": lambda a: _apply("predict", a),
        "flow": _flow,
        "export": _export,
        "verify": _verify,
        "run": _run,
        "report": _report,
        "ls": _ls,
        "cp": _cp,
        "doctor": _doctor,
        "explore": _explore,
        "column": _column,
    }
    if command not in commands:
        import difflib

        near = difflib.get_close_matches(command, commands, n=1)
        raise InvalidInput(
            f"command {command!r}",
            got="no such command",
            expected=f"one of {', '.join(commands)}",
            mend=f"Did you mean '{near[0]}'?" if near else None,
        )
    return commands[command](rest)


def _recipe(args: list[str]) -> RecipeCLI:
    """Parse a recipe and its options, quietly."""
    _quiet()
    from neutnn_pl.config import RecipeCLI

    return RecipeCLI(args)


def _quiet() -> None:
    """Silence what Lightning and torch say about themselves."""
    warnings.filterwarnings(
        "ignore", category=UserWarning, module=r"(lightning|torchmetrics|torch)"
    )
    warnings.filterwarnings("ignore", message=r".*LeafSpec.*|.*treespec.*|.*num_workers.*")
    warnings.showwarning = _warn
    for name in ("lightning", "lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    compiling = logging.getLogger("neutnn_pl.kernels.numba")
    if not compiling.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("neutnn: %(message)s"))
        compiling.addHandler(handler)
        compiling.setLevel(logging.INFO)


def _warn(message: Warning | str, *_: object, **__: object) -> None:
    print(f"neutnn: warning: {message}", file=sys.stderr)


def _fit(args: list[str]) -> int:
    from hls.flow import run_steps
    from neutnn_pl.config import run_directory
    from neutnn_pl.flow import FitStep, PruneStep, follow
    from neutnn_pl.strategies import torchrun

    cli = _recipe(args)
    if torchrun.follows():
        follow(cli)
        return 0
    run_dir = run_directory(cli)
    with torchrun.leading(), _loggers(cli, run_dir) as loggers:
        steps: list[Step] = [FitStep(cli, loggers), PruneStep(cli, loggers)]
        records = run_steps(steps, run_dir, progress=_progress)
    _print_scores(records["prune"].metrics)
    print(f"  {run_dir}")
    return 0


def _loggers(cli: RecipeCLI, run_dir: Path) -> Any:  # noqa: ANN401 - a context manager
    from neutnn_pl.tracking import loggers

    return loggers(cli.run_options.wandb, run_dir, cli.plain())


def _apply(verb: str, args: list[str]) -> int:
    """Validate, test or predict with a checkpoint of a run."""
    from neutnn_pl.callbacks import KMeansBaseline
    from neutnn_pl.flow import checkpoint_of
    from neutnn_pl.modules import NeuTNN
    from neutnn_pl.strategies import torchrun

    cli = _recipe(args)
    run_dir = Path(cli.run_options.dir or Path("runs") / cli.recipe)
    model = NeuTNN.from_checkpoint(cli.config.ckpt_path or checkpoint_of(run_dir))
    trainer = cli.make_trainer(
        logger=False, callbacks=[KMeansBaseline()], enable_checkpointing=False
    )
    data = cli.datamodule
    if verb == "predict":
        import torch

        batches = trainer.predict(model, datamodule=data, weights_only=True) or []
        if torchrun.follows():
            return 0
        for answer in torch.cat([torch.as_tensor(b) for b in batches]).tolist():
            print(answer)
        return 0
    score = trainer.test if verb == "test" else trainer.validate
    (scores,) = score(model, datamodule=data, verbose=False, weights_only=True)
    for name, value in ({} if torchrun.follows() else scores).items():
        print(f"{name:24} {value:.4f}")
    return 0


def _flow(args: list[str]) -> int:
    from hls.flow import run_steps
    from hls.report import write_report
    from hls.report.table import as_text
    from neutnn_pl.config import run_directory
    from neutnn_pl.flow import follow, steps
    from neutnn_pl.strategies import torchrun

    options, rest = _flow_options(args)
    cli = _recipe(rest)
    if torchrun.follows():
        follow(cli)
        return 0
    run_dir = run_directory(cli)
    begin = time.monotonic()
    with torchrun.leading(), _loggers(cli, run_dir) as loggers:
        run_steps(
            steps(cli, loggers),
            run_dir,
            start=options.start,
            stop=options.stop,
            progress=_progress,
        )
        report = write_report(run_dir, seconds=time.monotonic() - begin)
        for logger in loggers:
            from neutnn_pl.tracking import log_run

            log_run(logger, run_dir, report)
    print()
    print(as_text(report))
    print(f"\n  {run_dir}/report.md")
    return 0


def _flow_options(args: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """Split `RUN --from A --to B --pdk P` from the recipe's own options."""
    parser = argparse.ArgumentParser("neutnn flow", add_help=False, allow_abbrev=False)
    parser.add_argument("--from", dest="start")
    parser.add_argument("--to", dest="stop")
    parser.add_argument("--pdk")
    options, rest = parser.parse_known_args(args)
    if rest and not rest[0].startswith("-"):
        run_dir = Path(rest[0])
        if not (run_dir / "config.yaml").is_file():
            raise InvalidInput(
                f"run {run_dir}",
                got="no config.yaml in it",
                expected="a run's directory",
                mend="Start one with 'neutnn flow -c RECIPE'",
            )
        rest = ["-c", str(run_dir / "config.yaml"), "--run_dir", str(run_dir), *rest[1:]]
    if options.pdk:
        rest += ["--hardware.pdk", options.pdk]
    return options, rest


def _progress(number: int, total: int, step: Step, record: StepRecord | None) -> None:
    """Print a line when a step is done; on a terminal, one while it runs."""
    head = f"  {number}/{total} {step.id:<8}"
    if record is None:
        if sys.stdout.isatty():
            print(f"{head}  ...", end="\r", flush=True)
        return
    print(f"{head}  {record.summary:<64} {_seconds(record.seconds)}", flush=True)


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds // 60:.0f} min {seconds % 60:02.0f} s"


def _print_scores(metrics: dict[str, Any]) -> None:
    print(f"  {'test split':16}{'network':>10}{'k-means':>10}")
    for name in ("accuracy", "rand", "ari", "nmi", "purity", "coverage"):
        ours, base = metrics.get(f"{name}_after"), metrics.get(f"kmeans_{name}")
        if ours is not None:
            print(f"  {name:16}{ours:10.3f}" + ("" if base is None else f"{base:10.3f}"))


def _positional(command: str, args: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(f"neutnn {command}", allow_abbrev=False)
    parser.add_argument("run", type=Path, help="a run's directory")
    if command == "run":
        parser.add_argument("--input", type=Path, required=True, help="spike times, .npy, uint8")
        parser.add_argument("--output", type=Path, required=True, help="answers, .npz")
        parser.add_argument("--target", default="reference", help="what to run the network on")
    return parser.parse_args(args)


def _export(args: list[str]) -> int:
    _quiet()
    from neutnn_pl.flow import export

    options = _positional("export", args)
    frozen = export(options.run)
    base = options.run if options.run.is_dir() else options.run.parent
    print(f"{base / 'frozen'}  sha256 {frozen.hash[:12]}..., {frozen.synapses} synapses")
    return 0


def _verify(args: list[str]) -> int:
    from hls.verify import verify_run

    options = _positional("verify", args)
    for line in verify_run(options.run):
        print(f"  {line}")
    return 0


def _run(args: list[str]) -> int:
    _quiet()
    from neutnn_pl.run import run

    options = _positional("run", args)
    run(options.run, options.input, options.output, options.target)
    print(options.output)
    return 0


def _report(args: list[str]) -> int:
    from hls.report import write_report
    from hls.report.table import as_text

    options = _positional("report", args)
    print(as_text(write_report(options.run)))
    return 0


def _ls(args: list[str]) -> int:
    from neutnn_pl.recipes import recipe_names, summary

    for name in recipe_names():
        print(f"  {name:24}{summary(name)}")
    return 0


def _cp(args: list[str]) -> int:
    from neutnn_pl.recipes import copy

    parser = argparse.ArgumentParser("neutnn cp", allow_abbrev=False)
    parser.add_argument("recipe")
    parser.add_argument("file", type=Path)
    options = parser.parse_args(args)
    print(copy(options.recipe, options.file))
    return 0


def _column(args: list[str]) -> int:
    from hls.report.table import as_text
    from neutnn_pl.columns import flow_of_column

    parser = argparse.ArgumentParser("neutnn column", allow_abbrev=False)
    parser.add_argument("run", type=Path, help="a run with frozen/ and its test samples")
    parser.add_argument("--layer", type=int, default=0, help="number of the layer, from 0")
    parser.add_argument("--column", type=int, required=True, help="number of the column, from 0")
    parser.add_argument("--samples", type=int, default=256, help="test samples of the ladder")
    parser.add_argument("--pdk", default="osu018", help="standard-cell library")
    parser.add_argument("--to", dest="stop", help="last step")
    o = parser.parse_args(args)
    _quiet()
    directory, report = flow_of_column(
        o.run, o.layer, o.column, samples=o.samples, pdk=o.pdk, stop=o.stop
    )
    print(as_text(report))
    print(f"\n  {directory}/report.md")
    return 0


def _explore(args: list[str]) -> int:
    from neutnn_pl.explore.command import main as explore

    _quiet()
    return explore(args)


def _doctor(args: list[str]) -> int:
    from hls.doctor import report

    text, fine = report()
    print(text)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())

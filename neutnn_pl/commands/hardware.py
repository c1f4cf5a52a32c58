"""Commands that bring a network to hardware and prove it."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

from neutnn_pl.commands.learn import of_run, quiet, recipe, run_loggers

if TYPE_CHECKING:
    from hls.plan import Planned
    from neutnn_pl.config import RecipeCLI


def flow(args: list[str]) -> int:
    """Run the whole flow, a part of it, or say what would run."""
    from hls.plan import plan
    from neutnn_pl.config import choose, opened
    from neutnn_pl.flow import follow, steps
    from neutnn_pl.strategies import torchrun

    options, rest = _flow_options(args)
    cli = recipe(rest)
    if options.dry_run:
        place = choose(cli, in_place=options.in_place)
        where = Path("/nonexistent") if place.empty else place.path
        how = {"start": options.start, "stop": options.stop, "skip": options.skip}
        path = f"{place.path} (emptied first)" if place.empty else str(place.path)
        _show_plan(plan(steps(cli), where, **how), path, options.json)
        return 0
    if torchrun.follows():
        follow(cli)
        return 0
    with torchrun.leading(), opened(cli, in_place=options.in_place) as run_dir:
        return _flow(cli, run_dir, options)


def _flow(cli: RecipeCLI, run_dir: Path, options: argparse.Namespace) -> int:
    from hls.flow import run_steps
    from hls.report import write_report
    from hls.report.table import as_text
    from neutnn_pl.flow import steps
    from neutnn_pl.progress import display
    from neutnn_pl.tracking import log_run

    begin = time.monotonic()
    with run_loggers(cli, run_dir) as loggers:
        with display(options.json) as progress:
            run_steps(
                steps(cli, loggers), run_dir, start=options.start, stop=options.stop,
                skip=options.skip, progress=progress,
            )  # fmt: skip
        report = write_report(run_dir, seconds=time.monotonic() - begin)
        for logger in loggers:
            log_run(logger, run_dir, report)
    if options.json:
        print(json.dumps({"event": "report", "run": str(run_dir), "figures": report["figures"]}))
    else:
        print(f"\n{as_text(report)}\n\n  {run_dir}/report.html")
    return 0


def _show_plan(planned: list[Planned], path: str, as_json: bool) -> None:
    if as_json:
        for number, item in enumerate(planned, start=1):
            row = {"event": "plan", "step": item.step.id, "action": item.action, "why": item.why}
            print(json.dumps({**row, "number": number, "total": len(planned)}))
        return
    print(f"  {path}: nothing is run")
    for item in planned:
        print(f"  {item.step.id:<10}{item.action:<10}{item.why}")


def _flow_options(args: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """Split `RUN --from A --to B --skip C --pdk P` from the recipe's own options."""
    parser = argparse.ArgumentParser("neutnn flow", add_help=False, allow_abbrev=False)
    parser.add_argument("--from", dest="start")
    parser.add_argument("--to", dest="stop")
    parser.add_argument("--skip", action="append", default=[])
    parser.add_argument("--dry-run", "--dry_run", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--pdk")
    options, rest = parser.parse_known_args(args)
    options.skip = [name for part in options.skip for name in part.split(",") if name]
    options.in_place = bool(rest) and not rest[0].startswith("-")
    rest = of_run(rest)
    if options.pdk:
        rest += ["--hardware.pdk", options.pdk]
    return options, rest


def flows(args: list[str]) -> int:
    """Run many flows; print one table."""
    quiet()
    from neutnn_pl.flows import main

    return main(args)


def export(args: list[str]) -> int:
    """Write the network in integers."""
    quiet()
    from neutnn_pl.flow import export as write

    options = _one_run("export").parse_args(args)
    frozen = write(options.run)
    base = options.run if options.run.is_dir() else options.run.parent
    print(f"{base / 'frozen'}  sha256 {frozen.hash[:12]}..., {frozen.synapses} synapses")
    return 0


def column(args: list[str]) -> int:
    """Take one column of a run down the flow, on its own."""
    from hls.lock import locked
    from hls.report.table import as_text
    from neutnn_pl.columns import flow_of_column

    parser = _one_run("column", "a run with frozen/ and its test samples")
    parser.add_argument("--layer", type=int, default=0, help="number of the layer, from 0")
    parser.add_argument("--column", type=int, required=True, help="number of the column, from 0")
    parser.add_argument("--samples", type=int, default=256, help="test samples of the ladder")
    parser.add_argument("--pdk", default="osu018", help="standard-cell library")
    parser.add_argument("--to", dest="stop", help="last step")
    options = parser.parse_args(args)
    quiet()
    with locked(options.run):
        directory, report = flow_of_column(
            options.run, options.layer, options.column, samples=options.samples, pdk=options.pdk,
            stop=options.stop,
        )  # fmt: skip
    print(as_text(report))
    print(f"\n  {directory}/report.md")
    return 0


def verify(args: list[str]) -> int:
    """Climb the ladder of a run again, or check a packet."""
    from hls.lock import locked
    from hls.packet import is_packet, verify_packet
    from hls.verify import verify_run

    parser = _one_run("verify", "a run's directory, or a packet of one")
    options = parser.parse_args(args)
    if is_packet(options.run):
        for line in verify_packet(options.run):
            print(f"  {line}", flush=True)
        return 0
    if not (options.run / "frozen").exists():
        list(verify_run(options.run))  # says what is missing
    with locked(options.run):
        for line in verify_run(options.run):
            print(f"  {line}", flush=True)
    return 0


def pack(args: list[str]) -> int:
    """Write a run as one archive that can be checked elsewhere."""
    from hls.packet import pack as write

    parser = _one_run("pack")
    parser.add_argument("--output", type=Path, help="archive to write; default: RUN.tar.gz")
    options = parser.parse_args(args)
    path, files = write(options.run, options.output)
    print(f"{path}  {files} files, {path.stat().st_size / 1e6:.1f} MB")
    return 0


def run(args: list[str]) -> int:
    """Run a frozen network on a target."""
    quiet()
    from neutnn_pl.run import run as run_network

    parser = _one_run("run")
    parser.add_argument("--input", type=Path, required=True, help="spike times, .npy, uint8")
    parser.add_argument("--output", type=Path, required=True, help="answers, .npz")
    parser.add_argument("--target", default="reference", help="what to run the network on")
    options = parser.parse_args(args)
    run_network(options.run, options.input, options.output, options.target)
    print(options.output)
    return 0


def _one_run(command: str, what: str = "a run's directory") -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(f"neutnn {command}", allow_abbrev=False)
    parser.add_argument("run", type=Path, help=what)
    return parser

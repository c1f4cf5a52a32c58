"""Commands that look: at recipes, runs and this machine."""

from __future__ import annotations

import argparse
from pathlib import Path


def report(args: list[str]) -> int:
    """Print a run's table and write its files."""
    from hls.report import write_report
    from hls.report.table import as_text

    parser = argparse.ArgumentParser("neutnn report", allow_abbrev=False)
    parser.add_argument("run", type=Path, help="a run's directory")
    options = parser.parse_args(args)
    print(as_text(write_report(options.run)))
    print(f"\n  {options.run}/report.html")
    return 0


def compare(args: list[str]) -> int:
    """Print what differs between runs, and write it as a page if asked for."""
    from hls.report.compare import as_text, compare_runs, write_page

    parser = argparse.ArgumentParser("neutnn compare", allow_abbrev=False)
    parser.add_argument("runs", type=Path, nargs="+", help="two or more runs")
    parser.add_argument("--html", type=Path, help="page to write")
    parser.add_argument(
        "--architectures", nargs="?", const="all", metavar="NAME,...",
        help="of one run: its network through the direct RTL and these architectures of the C",
    )  # fmt: skip
    parser.add_argument("--pdk", default="nangate45", help="library of --architectures")
    parser.add_argument("--clock", type=float, help="clock period that mapping aims at, ns")
    parser.add_argument("--plans", default="", help="clock periods for Bambu, ns, by comma")
    parser.add_argument("--samples", type=int, help="test samples; default: all")
    parser.add_argument("--limit", type=float, help="limit of an architecture, s; default: none")
    options = parser.parse_args(args)
    if options.architectures:
        return _architectures(options)
    found = compare_runs(options.runs)
    print(as_text(found))
    if options.html:
        write_page(found, options.html)
        print(f"\n  {options.html}")
    return 0


def _architectures(options: argparse.Namespace) -> int:
    from hls.ckernel.kernel import ARCHITECTURES
    from hls.errors import InvalidInput
    from hls.report.architectures import as_text, compare_architectures

    if len(options.runs) != 1:
        raise InvalidInput(
            "compare --architectures", got=f"{len(options.runs)} runs", expected="one"
        )
    every = options.architectures == "all"
    found = compare_architectures(
        options.runs[0],
        ARCHITECTURES if every else options.architectures.split(","),
        pdk=options.pdk,
        clock_ns=options.clock,
        plans_ns=[float(plan) for plan in options.plans.split(",") if plan],
        samples=options.samples,
        limit_s=options.limit,
        tell=lambda text: print(f"  {text} ...", flush=True),
    )
    print(as_text(found))
    print(f"\n  {options.runs[0]}/architectures/{options.pdk}/architectures.md")
    return 0


def ls(args: list[str]) -> int:
    """List the recipes, with what they were measured to reach."""
    from neutnn_pl.recipes import recipe_names, result, summary

    argparse.ArgumentParser("neutnn ls", allow_abbrev=False).parse_args(args)
    for name in recipe_names():
        print(f"  {name:24}{summary(name)}")
        if result(name):
            print(f"  {'':24}{result(name)}")
    return 0


def cp(args: list[str]) -> int:
    """Copy a recipe."""
    from neutnn_pl.recipes import copy

    parser = argparse.ArgumentParser("neutnn cp", allow_abbrev=False)
    parser.add_argument("recipe")
    parser.add_argument("file", type=Path)
    options = parser.parse_args(args)
    print(copy(options.recipe, options.file))
    return 0


def doctor(args: list[str]) -> int:
    """Say what is installed; with `--smoke-test`, that it works."""
    from hls.doctor import report as installed

    parser = argparse.ArgumentParser("neutnn doctor", allow_abbrev=False)
    parser.add_argument(
        "--smoke-test", action="store_true", help="climb the ladder with a tiny network (a minute)"
    )
    options = parser.parse_args(args)
    text, fine = installed()
    print(text, flush=True)
    if options.smoke_test:
        from neutnn_pl.commands.learn import quiet
        from neutnn_pl.smoke import smoke_test

        quiet()
        print("\nsmoke test: a column of 6 lines and 2 neurons", flush=True)
        for line, passed in smoke_test():
            print(line, flush=True)
            fine &= passed
        print("\nPaste all of this into an issue.")
    return 0 if fine else 1


def forecast(args: list[str]) -> int:
    """Print what a network will cost on a library, from the model of measured runs."""
    import json

    from hls.forecast.command import forecast_of
    from hls.forecast.forecast import as_text

    parser = argparse.ArgumentParser("neutnn forecast", allow_abbrev=False)
    parser.add_argument("network", type=Path, help="a frozen network, or a run that holds one")
    parser.add_argument("--pdk", default="nangate45", help="library")
    parser.add_argument("--learning", action="store_true", help="the circuit that learns")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(args)
    found = forecast_of(options.network, options.pdk, learning=options.learning)
    print(json.dumps(found.as_dict(), indent=1) if options.json else as_text(found))
    return 0

"""The configuration of a run: recipes in YAML, flat options, Lightning's command line."""

from __future__ import annotations

import difflib
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import neutnn_pl  # noqa: F401 - before any import of lightning: see neutnn_pl._torchvision

import lightning as L  # isort: skip
from jsonargparse import Namespace
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI

import datamodules.encoders
import datamodules.mnist
import datamodules.place_cells
import datamodules.ucr  # noqa: F401
from hls.errors import InvalidInput, NeutnnError
from hls.files import remove_temporary, write_text
from hls.flow import HardwareOptions, HlsOptions, LayoutOptions
from hls.lock import LOCK, locked
from hls.step import changes, flat
from neutnn_pl.callbacks import Pruning
from neutnn_pl.modules import NeuTNN
from neutnn_pl.recipe_check import Arguments, check, compose, located, several
from neutnn_pl.recipes import find_recipe

TRAINER_DEFAULTS: dict[str, Any] = {
    "accelerator": "auto",
    "devices": 1,
    "max_epochs": 20,
    "logger": True,
    "num_sanity_val_steps": 0,
    "log_every_n_steps": 1,
    "enable_model_summary": False,
}
LINKED = ("inputs", "tres", "size", "channels", "classes")
_ENTRY = re.compile(r"[\"'`]?-{0,2}((?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*)[\"'`]?")


@dataclass
class RunOptions:
    """Where a run goes.

    Attributes:
        dir: directory of the run; default `runs/<recipe>`.
        overwrite: empty a directory that holds another configuration.
        new: take the next free name instead (`-2`, `-3`, ...).
        wandb: log to Weights & Biases too (WANDB_MODE=offline needs no account).
    """

    dir: str | None = None
    overwrite: bool = False
    new: bool = False
    wandb: bool = False


class _Parser(LightningArgumentParser):
    """A parser that answers a misspelt key with the nearest one."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Stop with the message and, where a key is unknown, what was meant."""
        raise InvalidInput(did_you_mean(_tidy(message), known_keys(self)))


class RecipeCLI(LightningCLI):
    """Lightning's command line with a run directory, pruning and hardware options."""

    def __init__(self, args: list[str]) -> None:
        self.recipe, args, files = resolve_recipe(args)
        for file in files:
            compose(file)
        try:
            self._parse(args)
        except (NeutnnError, ValueError) as error:
            for file in files:
                problems = check(file, _sections(), LINKED)
                if problems:
                    raise several(file, problems) from error
            for file in files:
                options = [arg for arg in args if arg.startswith("--")]
                placed = located(file, _ours(str(error)) or str(error), options)
                if placed:
                    raise placed from error
            if ours := _ours(str(error)):
                raise InvalidInput(ours) from error
            raise

    def _parse(self, args: list[str]) -> None:
        saved, sys.argv = sys.argv, sys.argv[:1]
        try:
            super().__init__(
                NeuTNN,
                L.LightningDataModule,
                subclass_mode_model=True,
                subclass_mode_data=True,
                save_config_callback=None,
                trainer_defaults=dict(TRAINER_DEFAULTS),
                seed_everything_default=False,
                parser_class=_Parser,
                parser_kwargs={"prog": "neutnn", "allow_abbrev": False},
                args=args,
                run=False,
                auto_configure_optimizers=False,
            )
        finally:
            sys.argv = saved

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add everything that is not Lightning's."""
        parser.add_class_arguments(RunOptions, "run")
        parser.add_class_arguments(Pruning, "pruning")
        parser.add_class_arguments(HardwareOptions, "hardware")
        parser.add_class_arguments(HlsOptions, "hls")
        parser.add_class_arguments(LayoutOptions, "layout")
        parser.add_argument(
            "--name", type=str | None, default=None, help="name of the run; default: the recipe's"
        )
        parser.add_argument(
            "--ckpt_path", type=str | None, default=None, help="checkpoint to go on from or to use"
        )
        for name in LINKED:
            parser.link_arguments(f"data.{name}", f"model.init_args.{name}", apply_on="instantiate")

    def instantiate_classes(self) -> None:
        """Make data and model; the trainer comes later, when the run directory is known."""
        self.config.name = self.recipe = self.config.name or self.recipe
        self.config_init = self.parser.instantiate_classes(self.config)
        self.datamodule = self._get(self.config_init, "data")
        self.model = self._get(self.config_init, "model")
        self.pruning: Pruning = self.config_init.pruning
        self.run_options: RunOptions = self.config_init.run
        self.hardware: HardwareOptions = self.config_init.hardware
        self.hls: HlsOptions = self.config_init.hls
        self.layout: LayoutOptions = self.config_init.layout

    def make_trainer(self, **changes: Any) -> L.Trainer:  # noqa: ANN401 - Trainer's arguments
        """Return the recipe's trainer with some arguments replaced, callbacks and plugins added."""
        settings = dict(self._get(self.config_init, "trainer"))
        for name in ("callbacks", "plugins"):
            own = settings[name] or []
            own = own if isinstance(own, list) else [own]
            settings[name] = (own + changes.pop(name, [])) or None
        if settings["enable_progress_bar"] is None:
            settings["enable_progress_bar"] = False  # we show our own
        return L.Trainer(**{**settings, **changes})

    def training_options(self) -> dict[str, Any]:
        """Return the part of the configuration that decides what is learnt, as plain values."""
        plain = self.plain()
        trainer = dict(plain["trainer"])
        for harmless in ("logger", "enable_progress_bar", "default_root_dir", "profiler"):
            trainer.pop(harmless, None)
        return {"model": plain["model"], "data": plain["data"], "trainer": trainer}

    def plain(self) -> dict[str, Any]:
        """Return the resolved configuration as plain values, without where the run goes."""
        import yaml

        config = self.config.clone()
        for key in ("config", "run", "ckpt_path"):
            config.pop(key, None)
        text = self.parser.dump(config, skip_validation=True, skip_link_targets=True)
        return dict(yaml.safe_load(text))


@dataclass(frozen=True)
class Place:
    """Where a run goes.

    Attributes:
        path: the run's directory.
        text: what its `config.yaml` has to say.
        empty: whether what is in it goes first.
    """

    path: Path
    text: str
    empty: bool


@contextmanager
def opened(cli: RecipeCLI, *, in_place: bool = False) -> Iterator[Path]:
    """Yield the run's directory, locked, with `config.yaml` in it.

    Raises:
        InvalidInput: as `choose`, and if it cannot be written.
        Locked: if another process is at work in it.
    """
    place = choose(cli, in_place=in_place)
    with locked(place.path):
        if place.empty:
            for child in _children(place.path):
                shutil.rmtree(child) if child.is_dir() else child.unlink()
        for folder in (place.path, place.path / "frozen"):
            remove_temporary(folder)
        if _read(place.path / "config.yaml") != place.text:
            write_text(place.path / "config.yaml", place.text)
        yield place.path


def choose(cli: RecipeCLI, *, in_place: bool = False) -> Place:
    """Return where a run goes, without writing anything.

    Args:
        cli: the configuration.
        in_place: whether the run was named to go on with: then hardware and layout may differ.

    Raises:
        InvalidInput: if the directory holds another configuration and neither `overwrite` nor
            `new` is set.
    """
    options = cli.run_options
    path = Path(options.dir or Path("runs") / cli.recipe)
    text = cli.parser.dump(_without_run(cli.config), skip_validation=True, skip_link_targets=True)
    if options.new:
        base, number = path, 2
        while path.exists():
            path, number = base.with_name(f"{base.name}-{number}"), number + 1
    before = _read(path / "config.yaml")
    if not path.is_dir() or not _children(path) or before == text:
        return Place(path, text, empty=False)
    if before is None:
        raise InvalidInput(
            f"run directory {path}",
            got="files, but no config.yaml",
            expected="an empty directory, or a run of ours",
            mend="Choose another with --run_dir",
        )
    differs = _differs(before, text, in_place)
    if not differs:
        return Place(path, text, empty=False)
    if not options.overwrite:
        raise InvalidInput(
            f"run directory {path}",
            got=f"a run of another configuration in it ({differs})",
            expected="an empty directory, or the same configuration",
            mend="Choose another with --run_dir, or add --overwrite or --new",
        )
    return Place(path, text, empty=True)


def _differs(before: str, after: str, in_place: bool) -> str:
    """Return how two configurations differ; a run named to go on may change its hardware."""
    import yaml

    try:
        old, new = yaml.safe_load(before), yaml.safe_load(after)
    except yaml.YAMLError:
        return "one that cannot be read"
    if not isinstance(old, dict):
        return "one that cannot be read"
    if in_place:
        for part in ("hardware", "hls", "layout"):
            old.pop(part, None)
        known = flat(old)
        new = {key: value for key, value in flat(new).items() if key in known}
    return changes(old, new)


def _children(path: Path) -> list[Path]:
    return [child for child in path.iterdir() if child.name != LOCK] if path.is_dir() else []


def _sections() -> dict[str, Any]:
    """Return what each top key of a recipe holds."""
    return {
        "data": L.LightningDataModule,
        "model": NeuTNN,
        "trainer": Arguments(L.Trainer),
        "pruning": Arguments(Pruning),
        "hardware": Arguments(HardwareOptions),
        "hls": Arguments(HlsOptions),
        "layout": Arguments(LayoutOptions),
        "run": Arguments(RunOptions),
        "name": str | None,
        "ckpt_path": str | None,
        "seed_everything": bool | int,
    }


def resolve_recipe(args: list[str]) -> tuple[str, list[str], list[Path]]:
    """Return the recipe's name, the arguments with its path in place of its name, and its files.

    `--run_dir`, `--overwrite`, `--new` and `--wandb` are short for `--run.*`.
    """
    short = {"--run_dir": "--run.dir"}
    flags = {"--overwrite": "overwrite", "--new": "new", "--wandb": "wandb"}
    name, out = "run", []
    files: list[Path] = []
    take = False
    for arg in args:
        word, _, value = arg.partition("=")
        if take:
            files.append(find_recipe(arg))
            name, arg, take = files[-1].stem, str(files[-1]), False
        elif word in ("-c", "--config") and value:
            files.append(find_recipe(value))
            name, arg = files[-1].stem, f"--config={files[-1]}"
        elif word in ("-c", "--config"):
            take = True
        elif word in short:
            arg = short[word] + (f"={value}" if value else "")
        elif word in flags:
            arg = f"--run.{flags[word]}={value or 'true'}"
        out.append(arg)
    return name, out, files


def known_keys(parser: LightningArgumentParser) -> set[str]:
    """Return every key of a configuration, those of our classes included."""
    import inspect

    from datamodules import encoders
    from datamodules.mnist import MNIST
    from datamodules.place_cells import PlaceMaps, Trajectory
    from datamodules.ucr import UCR
    from neutnn_pl.modules import (
        Classifier,
        Clusterer,
        FieldLayer,
        PlaceCells,
        PlaceColumn,
        Votes,
    )
    from neutnn_pl.nn import STDP

    keys = {action.dest for action in parser._actions if action.dest}
    for cls, prefix in (
        (Clusterer, "model"),
        (Classifier, "model"),
        (FieldLayer, "model.layers"),
        (Votes, "model.voter"),
        (NeuTNN, "model"),
        (STDP, "model.learning"),
        (PlaceCells, "model"),
        (PlaceColumn, "model"),
        (UCR, "data"),
        *((getattr(encoders, name), "data.encoder") for name in encoders.ENCODERS),
        (PlaceMaps, "data"),
        (Trajectory, "data"),
        (MNIST, "data"),
        (encoders.PosNegImage, "data.encoder"),
        (encoders.OnOffImage, "data.encoder"),
        (encoders.ContrastImage, "data.encoder"),
    ):
        for name in inspect.signature(cls).parameters:
            keys |= {f"{prefix}.{name}", f"{prefix}.init_args.{name}"}
    return keys | {key.split(".")[0] for key in keys}


def did_you_mean(message: str, keys: set[str]) -> str:
    """Return the message with the nearest known key added where one is unknown."""
    if "Did you mean" in message or not re.search(
        r"nrecognized|not expected|does not exist|not accepted", message
    ):
        return message
    leaves = {key.rpartition(".")[2]: key for key in sorted(keys)}
    for word in _ENTRY.findall(message):
        if word in keys:
            continue
        near = difflib.get_close_matches(word, keys, n=1, cutoff=0.75)
        if not near:
            leaf = word.rpartition(".")[2]
            if leaf in leaves:
                continue
            near = difflib.get_close_matches(leaf, leaves, n=1, cutoff=0.75)
        if near and near[0] != word:
            return f"{message}. Did you mean '{near[0]}'?"
    return message


def _tidy(message: str) -> str:
    """Return a parser's message on one line, without what it says about union types."""
    text = re.sub(r"\s+", " ", message).strip()
    inner = re.search(r"Option '\w+' is not accepted(\. Did you mean '\w+'\?)?", text)
    where = re.search(r"Parser key \"([\w.]+)\"", text)
    if ours := _ours(message):
        return ours
    if inner:
        return f"{where.group(1)}: {inner.group(0)}" if where else inner.group(0)
    return text


def _ours(message: str) -> str | None:
    """Return the error of one of our classes inside what jsonargparse says about unions."""
    found = re.search(r"^\s*- (.+: got .+; expected .+)$", message, re.MULTILINE)
    return found.group(1) if found else None


def _without_run(config: Namespace) -> Namespace:
    config = config.clone()
    for key in ("config", "run", "ckpt_path"):
        config.pop(key, None)
    return config


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None

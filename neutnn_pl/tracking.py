"""Logging to Weights & Biases; offline it needs no account and no network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger

from hls.errors import ToolMissing


@contextmanager
def loggers(wandb: bool, run_dir: Path, config: dict[str, Any]) -> Iterator[list[Logger]]:
    """Yield the loggers beside the CSV one, and close them.

    Args:
        wandb: whether to log to Weights & Biases.
        run_dir: the run's directory, which also gets wandb's own files.
        config: resolved configuration, logged with the run.

    Raises:
        ToolMissing: if wandb is asked for and not installed.
    """
    if not wandb:
        yield []
        return
    wandb_ = _import()
    from lightning.pytorch.loggers import WandbLogger

    logger = WandbLogger(
        project="neutnn",
        name=run_dir.name,
        save_dir=run_dir.absolute(),
        config=config,
        log_model=False,
    )
    try:
        yield [logger]
    finally:
        wandb_.finish()


def log_scores(
    name: str,
    scores: Mapping[str, Sequence[Mapping[str, float]]],
    directory: Path,
    config: dict[str, Any],
) -> None:
    """Log the scores of several methods as one run: a step for each seed, means in its summary.

    Args:
        name: the run's name.
        scores: by method, one set of scores for each seed; logged as `method/score`.
        directory: gets wandb's own files; its name is the group of the run.
        config: logged with the run.

    Raises:
        ToolMissing: if wandb is not installed.
    """
    wandb = _import()
    run = wandb.init(
        project="neutnn", name=name, group=directory.name, dir=directory.absolute(), config=config
    )
    for seed in range(max(len(rows) for rows in scores.values())):
        run.log(
            {
                f"{method}/{score}": value
                for method, rows in scores.items()
                if seed < len(rows)
                for score, value in rows[seed].items()
            },
            step=seed,
        )
    for method, rows in scores.items():
        for score in rows[0]:
            run.summary[f"mean/{method}/{score}"] = sum(row[score] for row in rows) / len(rows)
    run.finish()


def _import() -> Any:  # noqa: ANN401 - a module
    try:
        import wandb
    except ImportError as error:
        raise ToolMissing(
            "--wandb needs the package wandb",
            got="no such package",
            mend="Install it with 'pip install neutnn-pl[wandb]'",
        ) from error
    return wandb


def log_run(logger: Logger, run_dir: Path, report: dict[str, Any]) -> None:
    """Log a finished flow: its figures, pictures, and three artifacts.

    Args:
        logger: a `WandbLogger`; another kind is left alone.
        run_dir: the run's directory.
        report: what `report.json` holds.
    """
    from lightning.pytorch.loggers import WandbLogger

    from neutnn_pl.flow import checkpoint_of

    if not isinstance(logger, WandbLogger):
        return
    import wandb

    run = logger.experiment
    figures = {k: v for k, v in report["figures"].items() if isinstance(v, int | float)}
    run.summary.update(figures)
    run.log({p.stem: wandb.Image(str(p)) for p in sorted(run_dir.glob("*.png"))})
    parts = {
        "checkpoint": [checkpoint_of(run_dir)],
        "frozen": [run_dir / "frozen"],
        "report": [run_dir / "report.json", run_dir / "report.md"],
    }
    for kind, paths in parts.items():
        artifact = wandb.Artifact(f"{run_dir.name}-{kind}", type=kind)
        for path in paths:
            if path.is_dir():
                artifact.add_dir(str(path))
            else:
                artifact.add_file(str(path))
        run.log_artifact(artifact)

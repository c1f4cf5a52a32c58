"""Runs the stages of a layout in directories of their own; a stage that is done is kept."""

from __future__ import annotations

import hashlib
import re
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hls.errors import StepFailed
from hls.files import read_record, write_json, write_text
from hls.layout.openroad_tcl import directory
from hls.tool import run

METRICS = "metrics.json"


@dataclass
class StageRunner:
    """Runs scripts one after the other, and gathers what they say.

    Attributes:
        exe: OpenROAD.
        out: directory of the layout.
        log: file that gets the output of every stage.
        timeout_s: limit for each stage, in s.
        progress: called with one line at each stage.
        found: results (`neutnn: name value`) of all stages so far.
        notes: what was skipped.
        output: what all stages printed.
        seconds: run time of each stage, in s.
    """

    exe: Path
    out: Path
    log: Path
    timeout_s: float = 7200.0
    progress: Callable[[str], None] = lambda _: None
    found: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    output: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    _before: str = ""

    def run(
        self, stage: str, text: str, scratch: Mapping[str, str], inputs: Sequence[Path]
    ) -> None:
        """Run a stage, or take up what it left.

        Args:
            stage: its name.
            text: its script.
            scratch: paths in the script that differ from run to run, with names that do not.
            inputs: files that decide what it does beside its script.

        Raises:
            StepFailed: if it fails, with its last lines.
        """
        self._before = _digest(text, scratch, inputs, self._before)
        folder = self.out / directory(stage)
        record = read_record(folder / METRICS)
        if record.get("sha256") != self._before:
            self._start(stage, text, folder)
        else:
            self.progress(f"{stage}: kept (OpenROAD)")
            self._note(stage, (folder / "log.txt").read_text("utf-8"), record["seconds"])

    def _start(self, stage: str, text: str, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        write_text(folder / "stage.tcl", text)
        self.progress(f"{stage} (OpenROAD)")
        begin, log = time.monotonic(), folder / "log.txt"
        try:
            command: list[str | Path] = [self.exe, "-exit", "stage.tcl"]
            output = run(command, cwd=folder, log=log, timeout=self.timeout_s)
        finally:
            with self.log.open("a", encoding="utf-8") as handle:
                handle.write(log.read_text("utf-8") if log.is_file() else "")
        if "neutnn: end" not in output:
            raise StepFailed(
                f"OpenROAD failed in stage {stage}",
                got="an early end",
                expected="the whole script to run",
                mend=f"The whole log: {log}",
            )
        seconds = round(time.monotonic() - begin, 2)
        found = self._note(stage, output, seconds)
        record = {"sha256": self._before, "stage": stage, "seconds": seconds, "metrics": found}
        write_json(folder / METRICS, record)

    def _note(self, stage: str, output: str, seconds: float) -> dict[str, str]:
        found = dict(re.findall(r"^neutnn: (\w+) (.*)$", output, re.M))
        found.pop("end", None)
        self.found |= found
        self.notes += re.findall(r"^neutnn-note: (.*)$", output, re.M)
        self.output += output
        self.seconds[stage] = seconds
        return found


def _digest(text: str, scratch: Mapping[str, str], inputs: Sequence[Path], before: str) -> str:
    for path, name in scratch.items():
        text = text.replace(path, name)
    digest = hashlib.sha256(f"{before}\n{text}".encode())
    for file in inputs:
        digest.update(file.read_bytes())
    return digest.hexdigest()

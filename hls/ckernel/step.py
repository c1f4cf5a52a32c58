"""The flow's step `ckernel`: write the C, compile it strictly, run it under the sanitizers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from hls.ckernel.build import GCC, STRICT, build
from hls.ckernel.generate import generate
from hls.files import write_text
from hls.ir.network import FrozenNetwork
from hls.ir.stimulus import STIMULUS, Stimulus, check_proximal, random_stimulus, read_stimulus
from hls.ir.store import load
from hls.step import Step, StepContext, step_dir
from hls.tool import Tool, run

SANITIZE = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


class CKernelStep(Step):
    """Write `<name>.c` and its companions, compile, and run the self-test under the sanitizers.

    The self-test's samples are the run's stimulus with its expected answers, or, where there is
    none, random ones with the answers of the plainly compiled kernel.
    """

    id = "ckernel"

    @property
    def tools(self) -> tuple[Tool, ...]:
        """Return the compiler."""
        return (GCC,)

    def inputs(self, run_dir: Path) -> dict[str, Path]:
        """Return the frozen network, and the stimulus if there is one."""
        stimulus = step_dir(run_dir, "freeze") / STIMULUS
        found = {"stimulus": stimulus} if stimulus.exists() else {}
        return {"frozen": run_dir / "frozen", **found}

    def run(self, context: StepContext) -> tuple[dict[str, Any], str]:
        """Write, compile and test; return lines of C and the sanitizers' verdict."""
        network = load(context.inputs["frozen"])
        sources = generate(network)
        for name, text in sources.items():
            write_text(context.dir / name, text)
        x, proximal, expected = stimulus_of(context, network, sources)
        side = check_proximal(network, proximal, len(x))
        vectors = np.concatenate([x, side, expected.y.reshape(len(x), -1)], axis=1)
        (context.dir / "vectors.bin").write_bytes(vectors.tobytes())
        self_test(network.name, context.dir, context.log)
        lines = sources[f"{network.name}.c"].count("\n")
        metrics = {"lines_of_c": lines, "sanitizers": "clean", "selftest_samples": len(x)}
        return metrics, f"{lines} lines of C, gcc, sanitizers clean"


def self_test(name: str, directory: Path, log: Path) -> None:
    """Compile the self-test in `directory` with sanitizers and run it over `vectors.bin`.

    What the example prints goes to `<name>_example.txt`.

    Raises:
        StepFailed: if it does not compile, a sanitizer speaks, or an answer is wrong.
    """
    gcc = GCC.require()
    plain: list[str | Path] = [gcc, *STRICT]
    run([*plain, "-o", f"{name}_example", f"{name}.c", f"{name}_example.c"], cwd=directory, log=log)
    shown = run([f"./{name}_example"], cwd=directory, log=log)
    write_text(directory / f"{name}_example.txt", shown)
    program = f"{name}_selftest"
    run([*plain, *SANITIZE, "-o", program, f"{name}.c", f"{program}.c"], cwd=directory, log=log)
    run([f"./{program}", "vectors.bin"], cwd=directory, log=log)
    for built in (f"{name}_example", program):
        (directory / built).unlink()


def stimulus_of(context: StepContext, network: FrozenNetwork, sources: dict[str, str]) -> Stimulus:
    """Return a run's stimulus, or random samples with the answers of the plainly compiled C."""
    if "stimulus" in context.inputs:
        return read_stimulus(context.inputs["stimulus"], network)
    x, proximal = random_stimulus(network, 64)
    kernel = build(network, sources, context.dir / "library")
    return Stimulus(x, proximal, kernel.predict(x, proximal))

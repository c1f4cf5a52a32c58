"""The rung that learns: a training run again on a chip, all weights compared after every sample."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hls.ckernel import network_hash
from hls.errors import InvalidInput, Mismatch
from hls.ir.learning import LEARNING, Lesson, learner_of, read_lesson, refusal_of
from hls.ir.network import FrozenNetwork
from hls.ir.outputs import Outputs, compare
from hls.ir.stimulus import Stimulus
from hls.ir.store import load
from hls.rung import RungResult, attempt, same_network
from hls.sim.learning import Learnt, simulate_learning
from hls.sim.simulate import SIMULATORS
from hls.step import step_dir

IDLE = "its weights were not learnt by a rule that draws from LFSRs (source: lfsr)"


def learning_source(run_dir: Path) -> Path | None:
    """Return the Verilog of a run's circuit that learns, None where it has none."""
    learner = learner_of(step_dir(run_dir, "freeze"))
    if learner is None:
        return None
    return step_dir(run_dir, "rtl") / f"{load(learner).name}.v"


@dataclass(frozen=True)
class LearningRung:
    """Learns in Verilator what was learnt in PyTorch, then answers the stimulus.

    For the answers it is loaded with the weights of the frozen network, 0 where these are pruned.

    Attributes:
        run_dir: the run's directory.
        workdir: directory for what it builds.
    """

    run_dir: Path
    workdir: Path

    def climb(self, network: FrozenNetwork, stimulus: Stimulus) -> RungResult:
        """Return the row; `network` and `stimulus` are those of the other rungs."""
        freeze, source = step_dir(self.run_dir, "freeze"), learning_source(self.run_dir)
        if source is None:
            reason = refusal_of(freeze)
            return RungResult(LEARNING, skipped=reason or IDLE, idle=reason is None)

        def work(result: RungResult) -> None:
            lesson = read_lesson(freeze)
            text = source.read_text(encoding="utf-8")
            same_network(f"rung {LEARNING}", network_hash(text), lesson.network)
            asked = _fits(lesson.network, network)
            self._compare(result, lesson, network, stimulus if asked else None, source)

        return attempt(LEARNING, SIMULATORS["verilator"], work)

    def _compare(
        self,
        result: RungResult,
        lesson: Lesson,
        network: FrozenNetwork,
        stimulus: Stimulus | None,
        source: Path,
    ) -> None:
        """Simulate, count what differs, and raise if anything does."""
        count, asked = len(lesson.x), 0 if stimulus is None else len(stimulus.x)
        load = np.asarray(network.layers[0].effective)
        x, proximal, y, weights = lesson.x, lesson.proximal, lesson.expected.y, lesson.weights
        if stimulus is not None:
            x = np.concatenate([x, stimulus.x])
            y = np.concatenate([y, stimulus.expected.y])
            weights = np.concatenate([weights, np.broadcast_to(load, (asked, *load.shape))])
            if proximal is not None and stimulus.proximal is not None:
                proximal = np.concatenate([proximal, stimulus.proximal])
        found = simulate_learning(
            [source],
            lesson.network,
            x,
            proximal,
            learn=np.arange(len(x)) < count,
            workdir=self.workdir,
            load=None if stimulus is None else load,
            load_at=count,
        )
        result.count(found.cycles)
        result.samples, result.learnt = count + asked, count
        wrong = int((found.outputs.y != y).sum()) + int((found.weights != weights).sum())
        result.mismatches = wrong
        compare_weights(LEARNING, weights, found)
        compare(LEARNING, Outputs(y), found.outputs)


def _fits(learner: FrozenNetwork, network: FrozenNetwork) -> bool:
    """Return whether the circuit that learns answers as the network does with its weights."""
    one, other = learner.layers[0], network.layers[0]
    return one.shape == other.shape and bool((one.theta == other.theta).all())


def compare_weights(rung: str, expected: npt.NDArray[np.uint8], found: Learnt) -> None:
    """Compare all weights after every sample, exactly.

    Raises:
        Mismatch: with rung, sample and synapse of the first five, and how many.
    """
    if expected.shape != found.weights.shape:
        raise InvalidInput(
            f"rung {rung}: weights",
            got=f"shape {found.weights.shape}",
            expected=f"{expected.shape}",
        )
    wrong = np.argwhere(expected != found.weights)
    if len(wrong) == 0:
        return
    lines = [
        f"  after sample {b}, column {c}, neuron {n}, dendrite {d}, segment {s}, input {i}: "
        f"expected {expected[b, c, n, d, s, i]}, got {found.weights[b, c, n, d, s, i]}"
        for b, c, n, d, s, i in wrong[:5]
    ]
    samples = len(np.unique(wrong[:, 0]))
    raise Mismatch(
        f"rung {rung} does not learn what the reference learns: {len(wrong)} of "
        f"{expected.size} weights differ, after {samples} of {len(expected)} samples\n"
        + "\n".join(lines)
    )

"""A single column as a clusterer, with flat options."""

from __future__ import annotations

from typing import Any

import torch

from hls.errors import InvalidInput, Unsupported
from neutnn_pl.modules.neutnn import NeuTNN
from neutnn_pl.nn import STDP, Network
from neutnn_pl.nn.restarts import CHOICES, best_column, one_column, restarted


class Clusterer(NeuTNN):
    """One column of point neurons that clusters what it sees: the winning neuron is the cluster.

    With `restarts`, so many columns learn side by side, each with draws of its own; at the end of
    training one is kept, by its clusters of the training split. No label is used.

    Args:
        inputs: input lines; linked to the data.
        neurons: neurons, one for each cluster.
        theta: threshold in weight LSB.
        tres: temporal resolution of the input in bits; linked to the data.
        wres: weight resolution in bits.
        response: `rnl` (ramp, no leak) or `snl` (step, no leak).
        wta: lateral inhibition: `1-wta`, `k-wta`, `t-wta` or `none`.
        tie: tie rule: `potential`, `index` or `random`.
        learning: the learning rule.
        seed: key of every draw.
        kernel: what learns and infers: `auto`, `reference`, `numba` or `triton`.
        restarts: columns that learn side by side.
        choose: which of them is kept: `agreement`, whose clusters agree best with those of the
            others (mean adjusted Rand index); `scatter`, whose clusters scatter least.

    Raises:
        InvalidInput: for settings that do not fit.
    """

    def __init__(
        self,
        inputs: int,
        neurons: int,
        theta: int,
        tres: int = 3,
        wres: int = 3,
        response: str = "rnl",
        wta: str = "1-wta",
        tie: str = "potential",
        learning: STDP | None = None,
        seed: int = 0,
        kernel: str = "auto",
        restarts: int = 1,
        choose: str = "agreement",
    ) -> None:
        if restarts < 1:
            raise InvalidInput("restarts", got=restarts, expected=">= 1")
        if choose not in CHOICES:
            raise InvalidInput("choose", got=repr(choose), expected=f"one of {', '.join(CHOICES)}")
        settings: dict[str, Any] = {"inputs": inputs, "neurons": neurons, "theta": theta}
        settings |= {"wres": wres, "response": response, "wta": wta, "tie": tie}
        layer = restarted(settings, restarts)
        super().__init__(Network(layer, tres=tres), learning, seed, kernel)
        self.restarts, self.choose = restarts, choose

    def setup(self, stage: str) -> None:
        """Check the network against the data, and that nothing is pruned before the choice."""
        from neutnn_pl.callbacks import Pruning

        super().setup(stage)
        if stage == "fit" and self._columns > 1 and self.trainer.world_size > 1:
            raise Unsupported(
                "restarts in several processes",
                got=f"restarts {self.restarts}, {self.trainer.world_size} processes",
                expected="one process",
                mend="Set --trainer.devices 1",
            )
        for callback in self.trainer.callbacks:  # type: ignore[attr-defined]
            early = isinstance(callback, Pruning) and callback.schedule != "end"
            if stage == "fit" and self._columns > 1 and early:
                raise Unsupported(
                    "pruning while several columns learn",
                    got=f"restarts {self.restarts}, schedule iterative",
                    expected="one or the other",
                    mend="Set --pruning.schedule end, or --model.restarts 1",
                )

    @property
    def _columns(self) -> int:
        return int(self.network.columns[0].weights.shape[0])

    def on_train_epoch_end(self) -> None:
        """Keep the best column after the last epoch."""
        super().on_train_epoch_end()
        if self.trainer.current_epoch + 1 == self.trainer.max_epochs:
            self._choose()

    def on_train_end(self) -> None:
        """Keep the best column where training ended otherwise."""
        self._choose()

    def _choose(self) -> None:
        data = getattr(self.trainer, "datamodule", None)
        if self._columns == 1 or data is None:
            return
        device = self.network.columns[0].weights.device
        x = torch.cat([batch[0] for batch in data.val_dataloader()]).to(device)
        self._take(one_column(self.network, best_column(self.network, x, self.choose)))

    def _take(self, network: Network) -> None:
        network.use_kernel(self.kernel)
        self.network = network
        self.won = torch.zeros_like(network.columns[0].theta, dtype=torch.bool)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take the form of a checkpoint in which the choice has been made."""
        config = checkpoint["neutnn"]["network"]
        if self._columns > 1 and config["layers"][0]["columns"] == 1:
            device = self.network.columns[0].weights.device
            self._take(Network.from_config(config).to(device))

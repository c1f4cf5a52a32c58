"""Column parallelism: every process learns a part of each layer's columns."""

from __future__ import annotations

import warnings
from datetime import timedelta
from typing import Any

import lightning as L
import torch
import torch.distributed as dist
from lightning.fabric.plugins import CheckpointIO, ClusterEnvironment
from lightning.fabric.utilities.distributed import (
    _get_default_process_group_backend_for_device,
    _init_dist_connection,
    _sync_ddp_if_available,
)
from lightning.pytorch.accelerators import Accelerator
from lightning.pytorch.plugins.precision import Precision
from lightning.pytorch.strategies import ParallelStrategy, StrategyRegistry
from lightning.pytorch.strategies.launchers import _SubprocessScriptLauncher
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities import rank_zero_only
from torch import Tensor

from hls.errors import InvalidInput
from neutnn_pl.nn import Network
from neutnn_pl.nn.division import Division
from neutnn_pl.strategies.launcher import Launcher

NAME = "column_parallel"
START_METHODS = ("spawn", "fork", "forkserver")


class ColumnParallelStrategy(ParallelStrategy):
    """Divides the columns of every layer over processes; N processes give the bits of one.

    All processes see all samples in the same order. Each learns its columns; the spike times of a
    chunk are gathered after every layer. Validation, tests, checkpoints and callbacks at the ends
    of epochs see the whole network in every process. Samples to score are shared out, every N-th
    to a process, without padding.

    `trainer.fit` starts the processes itself, and returns in the process that called it. Under
    `torchrun`, or what else starts processes, it uses those.

    Args:
        accelerator: set by the trainer.
        parallel_devices: devices of the processes of this node; set by the trainer.
        cluster_environment: set by the trainer.
        checkpoint_io: set by the trainer.
        precision_plugin: set by the trainer.
        process_group_backend: `gloo` or `nccl`; default: `nccl` for GPUs, else `gloo`.
        timeout: seconds after which a process that waits for the others gives up.
        start_method: how processes are started: `spawn`, `fork` or `forkserver`.

    Raises:
        InvalidInput: for a model without a `Network` of columns, or an unknown start method.
    """

    strategy_name = NAME

    def __init__(
        self,
        accelerator: Accelerator | None = None,
        parallel_devices: list[torch.device] | None = None,
        cluster_environment: ClusterEnvironment | None = None,
        checkpoint_io: CheckpointIO | None = None,
        precision_plugin: Precision | None = None,
        process_group_backend: str | None = None,
        timeout: float = 600.0,
        start_method: str = "spawn",
    ) -> None:
        super().__init__(
            accelerator, parallel_devices, cluster_environment, checkpoint_io, precision_plugin
        )
        if start_method not in START_METHODS:
            raise InvalidInput(
                f"{NAME}: start_method",
                got=repr(start_method),
                expected=f"one of {', '.join(START_METHODS)}",
            )
        self.process_group_backend = process_group_backend
        self.timeout = timeout
        self.start_method = start_method
        self.num_nodes = 1
        self._failed = False

    @property
    def root_device(self) -> torch.device:
        """Device of this process."""
        assert self.parallel_devices is not None
        return self.parallel_devices[self.local_rank]

    @property
    def num_processes(self) -> int:
        """Processes on this node."""
        return len(self.parallel_devices or [])

    @property
    def network(self) -> Network:
        """The network that is divided."""
        network = getattr(self.lightning_module, "network", None)
        if not isinstance(network, Network):
            raise InvalidInput(
                f"strategy {NAME}",
                got=f"{type(self.lightning_module).__name__}, which has no network of columns",
                expected="a NeuTNN",
                mend="Choose another strategy",
            )
        return network

    def _configure_launcher(self) -> None:
        assert self.cluster_environment is not None
        if self.cluster_environment.creates_processes_externally:
            self._launcher = _SubprocessScriptLauncher(
                self.cluster_environment, self.num_processes, self.num_nodes
            )
        else:
            self._launcher = Launcher(self, self.start_method)  # type: ignore[arg-type]

    def set_world_ranks(self) -> None:
        """Tell Lightning who this process is."""
        if self.cluster_environment is not None:
            rank = self.node_rank * self.num_processes + self.local_rank
            self.cluster_environment.set_global_rank(rank)
            self.cluster_environment.set_world_size(self.num_nodes * self.num_processes)
        rank_zero_only.rank = self.global_rank  # type: ignore[attr-defined]

    def setup_environment(self) -> None:
        """Join the other processes."""
        super().setup_environment()
        self.set_world_ranks()
        device, backend = self.root_device, self.process_group_backend
        backend = backend or _get_default_process_group_backend_for_device(device)
        assert self.cluster_environment is not None
        _init_dist_connection(
            self.cluster_environment,
            backend,
            timeout=timedelta(seconds=self.timeout),
            device_id=device if backend == "nccl" else None,
        )

    def setup(self, trainer: L.Trainer) -> None:
        """Divide the network, once it is on its device."""
        network = self.network
        super().setup(trainer)
        network.division = Division(self.global_rank, self.world_size, exchange)
        # What is logged is the same in all processes: there is nothing to sum.
        warnings.filterwarnings("ignore", message=".*sync_dist=True.*")
        if trainer.state.fn == TrainerFn.FITTING and self.world_size > 1:
            self._name_undivided(network.division)
        if not any(isinstance(callback, _Gather) for callback in trainer.callbacks):  # type: ignore[attr-defined]
            trainer.callbacks.insert(0, _Gather())  # type: ignore[attr-defined]

    @rank_zero_only
    def _name_undivided(self, division: Division) -> None:
        rule = getattr(self.lightning_module, "learning", None)
        for index, layer in enumerate(self.network.columns):
            if division.divides(layer, rule):
                continue
            columns = len(layer.theta)
            few = f"has {columns} column{'s' * (columns > 1)} for {self.world_size} processes"
            why = few if columns < self.world_size else "learns with reward, from all its columns"
            warnings.warn(
                f"{NAME}: layer {index} {why}: every process computes all of it", stacklevel=1
            )

    def gather(self) -> None:
        """Bring the network up to date in this process; all processes must call it.

        Raises:
            InvalidInput: after an error in this process, for the others may be gone.
        """
        division = self.network.division
        if division is None:
            return
        if self._failed:
            raise InvalidInput(
                f"strategy {NAME}: gather",
                got="an error before it",
                expected="processes that all go on",
                mend="Go on from the last checkpoint",
            )
        division.gather()

    def lightning_module_state_dict(self) -> dict[str, Any]:
        """Return the whole network's state: the same for any number of processes."""
        self.gather()
        return super().lightning_module_state_dict()

    def model_to_device(self) -> None:
        """Move the whole network to this process's device."""
        assert self.model is not None
        self.model.to(self.root_device)

    def barrier(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Lightning's
        """Wait until all processes are here."""
        if dist.is_available() and dist.is_initialized():
            nccl = dist.get_backend() == "nccl"
            dist.barrier(device_ids=[self.root_device.index] if nccl else None)

    def broadcast(self, obj: Any, src: int = 0) -> Any:  # noqa: ANN401 - any object
        """Return process `src`'s object."""
        if not (dist.is_available() and dist.is_initialized()):
            return obj
        objects = [obj]
        dist.broadcast_object_list(objects, src)
        return objects[0]

    def reduce(
        self,
        tensor: Any,  # noqa: ANN401 - what is no tensor is returned as it is
        group: Any = None,  # noqa: ANN401 - torch's
        reduce_op: Any = "mean",  # noqa: ANN401 - torch's, or its name
    ) -> Any:  # noqa: ANN401
        """Reduce a tensor over all processes."""
        if isinstance(tensor, Tensor):
            return _sync_ddp_if_available(tensor, group, reduce_op=reduce_op)
        return tensor

    def on_exception(self, exception: BaseException) -> None:
        """Remember that the processes no longer go hand in hand."""
        self._failed = True

    def teardown(self) -> None:
        """Leave the network as one process has it."""
        if self.lightning_module is not None and self.lightning_module._trainer is not None:
            callbacks = self.lightning_module.trainer.callbacks  # type: ignore[attr-defined]
            callbacks[:] = [one for one in callbacks if not isinstance(one, _Gather)]
        network = getattr(self.lightning_module, "network", None)
        if isinstance(network, Network):
            network.division = None
        super().teardown()

    @classmethod
    def register_strategies(cls, strategy_registry: Any) -> None:  # noqa: ANN401 - Lightning's
        """Make the strategy known by its name."""
        if NAME not in strategy_registry:
            strategy_registry.register(NAME, cls, description="columns divided over processes")


class _Gather(L.Callback):
    """Stands before all other callbacks, so that they see the whole network."""

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._gather(trainer)

    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._gather(trainer)

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._gather(trainer)

    def _gather(self, trainer: L.Trainer) -> None:
        assert isinstance(trainer.strategy, ColumnParallelStrategy)
        trainer.strategy.gather()


def exchange(part: Tensor) -> list[Tensor]:
    """Return the tensors of all processes, in order; all have the shape of this one's."""
    found = [torch.empty_like(part) for _ in range(dist.get_world_size())]
    dist.all_gather(found, part)
    return found


ColumnParallelStrategy.register_strategies(StrategyRegistry)

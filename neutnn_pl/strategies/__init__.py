"""Lightning strategies: many processes that compute the bits of one."""

from neutnn_pl.strategies.column_parallel import ColumnParallelStrategy

__all__ = ["ColumnParallelStrategy"]

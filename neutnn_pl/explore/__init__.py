"""Design exploration: a search space in YAML, Ray Tune as the engine, a Pareto front."""

from neutnn_pl.explore.front import Point, pareto
from neutnn_pl.explore.space import Search, read_search

__all__ = ["Point", "Search", "pareto", "read_search"]

"""Place cells: maps of features, walks over them, and trajectories with grid and place cells."""

from __future__ import annotations

from datamodules.place_cells.data import PlaceMaps
from datamodules.place_cells.maps import Maps, ask, disturb
from datamodules.place_cells.rats import Trajectory

__all__ = ["Maps", "PlaceMaps", "Trajectory", "ask", "disturb"]

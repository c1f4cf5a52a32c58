"""Place cells: a memory of labelled edges in active dendrites, and finding one's way with it."""

from neutnn_pl.nn.place_cells.budget import BUDGETS, PooledMemory, make_memory
from neutnn_pl.nn.place_cells.codes import COLUMNS, FIELDS, READS, UNKNOWN, EdgeCode
from neutnn_pl.nn.place_cells.memory import EXACT, ONE_SHOT, RECALL, PlaceMemory
from neutnn_pl.nn.place_cells.navigate import Localisation, integrate, localise, localise_walks
from neutnn_pl.nn.place_cells.redundancy import redundant

__all__ = [
    "BUDGETS",
    "COLUMNS",
    "EXACT",
    "FIELDS",
    "ONE_SHOT",
    "READS",
    "RECALL",
    "UNKNOWN",
    "EdgeCode",
    "Localisation",
    "PlaceMemory",
    "PooledMemory",
    "integrate",
    "localise",
    "localise_walks",
    "make_memory",
    "redundant",
]

"""Pure functions: the definition of every equation. Nothing else in the project defines one."""

from neutnn_pl.functional.column import (
    NO_SPIKE,
    ColumnState,
    evaluate,
    first_crossing,
    output_horizon,
    potential,
    silence,
    synapse_response,
    winners,
)
from neutnn_pl.functional.philox import (
    draw_blocks,
    initial_weights,
    philox,
    sample_order,
    search_draws,
    synapse_words,
    tie_words,
)
from neutnn_pl.functional.pruning import contribution, contribution_score, lowest
from neutnn_pl.functional.stdp import (
    Cases,
    Draws,
    Probabilities,
    stabiliser_table,
    stdp,
    stdp_cases,
    stdp_deterministic,
)
from neutnn_pl.functional.tally import answer, tally

__all__ = [
    "NO_SPIKE",
    "Cases",
    "ColumnState",
    "Draws",
    "Probabilities",
    "answer",
    "contribution",
    "contribution_score",
    "draw_blocks",
    "evaluate",
    "first_crossing",
    "initial_weights",
    "lowest",
    "output_horizon",
    "philox",
    "potential",
    "sample_order",
    "search_draws",
    "silence",
    "stabiliser_table",
    "stdp",
    "stdp_cases",
    "stdp_deterministic",
    "synapse_response",
    "synapse_words",
    "tally",
    "tie_words",
    "winners",
]

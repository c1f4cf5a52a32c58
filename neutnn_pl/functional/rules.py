"""Learning rules as settings."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from neutnn_pl.functional.lfsr import PRIMITIVE, SHARES
from neutnn_pl.functional.stdp import STABILISERS, Probabilities


@dataclass(frozen=True)
class STDP(Probabilities):
    """Stochastic STDP; every probability is an integer out of 1024.

    Attributes:
        capture: input before or with the output: the weight grows.
        minus: input after the output: the weight shrinks.
        search: input without an output: the weight grows.
        backoff: output without an input: the weight shrinks.
        minimum: floor under the stabilising function.
        stabiliser: `paper`, `symmetric`, `up` or `off`.
        search_max: largest weight that search makes; null is the largest weight.
        after: `column` (STDP sees outputs after all WTA) or `dendrite` (after its dendrite's only).
        search_scope: `enabled` (segments of a dendrite whose gate is 0 do not learn) or `all`.
        reward: R-STDP: a right answer rewards, a wrong one punishes, none leaves search only.
        proximal: probabilities of weighted proximal synapses; null is those of the distal ones.
        source: `philox`, or `lfsr` as hardware has it.
        share: who shares the draws of an LFSR: `column`, `neuron` or `synapse`.
        share_f: who shares its draw for the stabiliser.
        lfsr_width: width of the LFSR in bits.
    """

    after: str = "column"
    search_scope: str = "enabled"
    reward: bool = False
    proximal: Probabilities | None = None
    source: str = "philox"
    share: str = "column"
    share_f: str = "column"
    lfsr_width: int = 32

    def __post_init__(self) -> None:
        """Check the settings."""
        super().__post_init__()
        _choose("after", self.after, ("column", "dendrite"))
        _choose("search_scope", self.search_scope, ("enabled", "all"))
        _choose("source", self.source, ("philox", "lfsr"))
        _choose("share", self.share, SHARES)
        _choose("share_f", self.share_f, SHARES)
        _choose("lfsr_width", self.lfsr_width, tuple(PRIMITIVE))

    def config(self) -> dict[str, Any]:
        """Return the settings as plain values."""
        return {"kind": "stdp", **asdict(self)}


@dataclass(frozen=True)
class DeterministicSTDP:
    """Deterministic STDP with fixed-point weights.

    Attributes:
        capture: step of a capture, in `2**-fraction_bits` weight LSB.
        minus: step of a minus.
        search: step of a search; without stabiliser.
        backoff: step of a backoff.
        fraction_bits: bits of a weight below its integer part.
        stabiliser: `paper`, `symmetric`, `up` or `off`.
        after: as in `STDP`.
        search_scope: as in `STDP`.
    """

    capture: int = 1
    minus: int = 1
    search: int = 0
    backoff: int = 1
    fraction_bits: int = 0
    stabiliser: str = "off"
    after: str = "column"
    search_scope: str = "enabled"

    def __post_init__(self) -> None:
        """Check the settings."""
        for name in ("capture", "minus", "search", "backoff", "fraction_bits"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise ValueError(f"STDP: {name}: got {value!r}; expected an integer >= 0")
        if self.fraction_bits > 16:
            raise ValueError(f"STDP: fraction_bits: got {self.fraction_bits}; expected 0 .. 16")
        _choose("stabiliser", self.stabiliser, STABILISERS)
        _choose("after", self.after, ("column", "dendrite"))
        _choose("search_scope", self.search_scope, ("enabled", "all"))

    def steps(self) -> dict[str, int]:
        """Return the step of each case."""
        names = ("capture", "minus", "search", "backoff")
        return {name: getattr(self, name) for name in names}

    def config(self) -> dict[str, Any]:
        """Return the settings as plain values."""
        return {"kind": "deterministic", **asdict(self)}


@dataclass(frozen=True)
class Homeostasis:
    """Winner fatigue: a neuron that wins gets a higher threshold for a while.

    In every learnt gamma cycle `fatigue = max(fatigue - fall, 0)`, then `+ rise` for each neuron
    that passes; the threshold is `theta + (fatigue >> shift)`, in evaluation too.

    Attributes:
        rise: what a win adds.
        fall: what every cycle takes away.
        shift: bits between fatigue and threshold.
    """

    rise: int
    fall: int
    shift: int = 0

    def __post_init__(self) -> None:
        """Check the settings."""
        for name in ("rise", "fall", "shift"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 2**20:
                raise ValueError(f"Homeostasis: {name}: got {value!r}; expected 0 .. 2**20")


def rule_from(config: dict[str, Any]) -> STDP | DeterministicSTDP:
    """Return the rule that `config()` described."""
    settings = {key: value for key, value in config.items() if key != "kind"}
    if config["kind"] == "deterministic":
        return DeterministicSTDP(**settings)
    if settings.get("proximal") is not None:
        settings["proximal"] = Probabilities(**settings["proximal"])
    return STDP(**settings)


def _choose(name: str, value: object, allowed: tuple[object, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"STDP: {name}: got {value!r}; expected one of {allowed}")

"""Register map of a circuit on a bus, from its ports: wrapper and C header follow from it."""

from __future__ import annotations

from dataclasses import dataclass

from hls.ir.network import FrozenNetwork
from hls.rtl.ports import Port

WORD = 4
"""Bytes of a register."""
PER_WORD = 4
"""Spike times in a word: a byte each."""
IDENTITY = 0x4E544E4E
"""Value of `ID`: the letters NTNN."""
START, LEARN, INTERRUPT, RESET = range(4)
"""Bits of `CONTROL`."""
DONE, BUSY = range(2)
"""Bits of `STATUS`."""


@dataclass(frozen=True)
class Register:
    """Some words of the map.

    Attributes:
        name: what the C header calls it.
        offset: of its first byte, from the base address.
        words: how many words of 32 bits.
        access: `ro`, `wo` or `rw`.
        meaning: what it holds.
    """

    name: str
    offset: int
    words: int
    access: str
    meaning: str


@dataclass(frozen=True)
class RegisterMap:
    """All registers of a circuit.

    Attributes:
        network: name of the network.
        hash: its content hash.
        registers: in the order of their offsets, without gaps.
        results: result ports with their widths; each starts a word of `RESULT`.
        address_bits: bits of the byte address.
    """

    network: str
    hash: str
    registers: tuple[Register, ...]
    results: dict[str, int]
    address_bits: int

    def find(self, name: str) -> Register | None:
        """Return a register, None where this circuit has none of that name."""
        return next((r for r in self.registers if r.name == name), None)

    def at(self, name: str) -> Register:
        """Return a register that every circuit has."""
        found = self.find(name)
        assert found is not None, name
        return found

    def document(self) -> dict[str, object]:
        """Return the map for `registers.json`."""
        return {
            "network": self.network,
            "network_sha256": self.hash,
            "bus": "APB3, 32 bits, no wait states",
            "address_bits": self.address_bits,
            "registers": [vars(register) for register in self.registers],
            "result_words": {name: list(at) for name, at in result_words(self.results).items()},
        }

    def header(self) -> str:
        """Return a C header with offsets, in bytes, and bits."""
        upper = self.network.upper()
        lines = [
            f"/* Register map of {self.network} on its APB port, written by NeuTNNGen. */",
            f"/* network sha256 {self.hash} */",
            f"#ifndef {upper}_REGISTERS_H",
            f"#define {upper}_REGISTERS_H",
            "",
            f"#define {upper}_ID_VALUE 0x{IDENTITY:08x}u",
        ]
        for r in self.registers:
            lines += ["", f"/* {r.access}, {_words(r.words)}: {r.meaning}. */"]
            lines.append(f"#define {upper}_{r.name} 0x{r.offset:04x}u")
        lines += ["", "/* Result ports: offset of the first word, and width in bits. */"]
        for name, (first, width) in result_words(self.results).items():
            offset = self.at("RESULT").offset + WORD * first
            lines.append(f"#define {upper}_RESULT_{name.upper()} 0x{offset:04x}u")
            lines.append(f"#define {upper}_RESULT_{name.upper()}_BITS {width}u")
        lines += ["", "/* Bits of CONTROL and STATUS. */"]
        bits = {"CONTROL_START": START, "CONTROL_INTERRUPT": INTERRUPT, "CONTROL_RESET": RESET}
        bits |= {"STATUS_DONE": DONE, "STATUS_BUSY": BUSY}
        if self.find("WEIGHT") is not None:
            bits["CONTROL_LEARN"] = LEARN
        lines += [f"#define {upper}_{name} 0x{1 << bit:x}u" for name, bit in sorted(bits.items())]
        return "\n".join([*lines, "", "#endif", ""])


def _words(count: int) -> str:
    return "one word" if count == 1 else f"{count} words"


def result_words(results: dict[str, int]) -> dict[str, tuple[int, int]]:
    """Return the first word of each result port within `RESULT`, and its width in bits."""
    found, first = {}, 0
    for name, width in results.items():
        found[name] = (first, width)
        first += words_of(width)
    return found


def words_of(width: int) -> int:
    """Return how many words hold so many bits."""
    return -(-width // (8 * WORD))


def register_map(network: FrozenNetwork, ports: tuple[Port, ...]) -> RegisterMap:
    """Return the register map of a circuit.

    Args:
        network: what it computes.
        ports: ports of its top module: those of inference, or of a circuit that learns.
    """
    names = {port.name for port in ports}
    results = {
        p.name: p.width
        for p in ports
        if p.direction == "output" and p.name not in ("done", "scan_out")
    }
    learns = "; bit 1 learn, kept: samples started with it are learnt" * ("learn" in names)
    weights = "; bit 3 drops a running sample" + ", and loads the frozen weights" * bool(learns)
    byte = "a byte each, four in a word, the lowest line lowest"
    rows = [
        ("ID", 1, "ro", f"0x{IDENTITY:08x}"),
        ("HASH", 1, "ro", f"first 32 bits of the network's SHA-256, 0x{network.hash[:8]}"),
        ("CONTROL", 1, "rw", f"bit 0 starts a sample{learns}; bit 2 interrupt, kept{weights}"),
        ("STATUS", 1, "ro", "bit 0 done: the result is there; bit 1 busy: a sample runs"),
        ("CYCLES", 1, "ro", "clocks from start to done of the last sample"),
    ]
    if "scan" in names:
        weight = "read: the weight that leaves next, last synapse first; write: move all weights"
        rows.append(("WEIGHT", 1, "rw", f"{weight} on by one place, this one enters"))
    result = ", ".join(f"{name} ({width} bits)" for name, width in results.items())
    size = sum(words_of(width) for width in results.values())
    rows.append(("RESULT", size, "ro", f"{result}; each starts a word; valid while done"))
    inputs = -(-network.inputs // PER_WORD)
    times = f"spike times of the {network.inputs} input lines, {byte}"
    rows.append(("X", inputs, "wo", f"{times}; {network.horizon} .. 255 is no spike"))
    if "proximal" in names:
        count = -(-network.proximal_lines // PER_WORD)
        lines = f"the {network.proximal_lines} proximal lines, {byte}"
        rows.append(("PROXIMAL", count, "wo", f"{lines}: a level (bit 0), or a spike time"))
    found, offset = [], 0
    for name, words, access, meaning in rows:
        found.append(Register(name, offset, words, access, meaning))
        offset += WORD * words
    return RegisterMap(network.name, network.hash, tuple(found), results, (offset - 1).bit_length())

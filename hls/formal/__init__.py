"""Proofs: a netlist is its RTL, for all inputs and all states."""

from hls.formal.equivalence import Proof, prove

__all__ = ["Proof", "prove"]

"""Circuits that learn: a column with weights in registers, STDP, and an LFSR for its draws."""

from hls.rtl.learning.generate import generate_learning
from hls.rtl.learning.options import LearningOptions

__all__ = ["LearningOptions", "generate_learning"]

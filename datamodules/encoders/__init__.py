"""Encoders: from the values of a series to integer spike times on input lines."""

from datamodules.encoders.base import Encoder, aggregate, quantise, standardise
from datamodules.encoders.minmax import MinMax
from datamodules.encoders.posneg import PosNeg
from datamodules.encoders.spectrum import Spectrum

__all__ = ["Encoder", "MinMax", "PosNeg", "Spectrum", "aggregate", "quantise", "standardise"]

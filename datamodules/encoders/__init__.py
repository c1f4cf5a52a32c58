"""Encoders: from the values of a series or an image to integer spike times on input lines."""

from datamodules.encoders.base import Encoder, aggregate, quantise, standardise
from datamodules.encoders.image import ContrastImage, ImageEncoder, OnOffImage, PosNegImage
from datamodules.encoders.minmax import MinMax
from datamodules.encoders.posneg import PosNeg
from datamodules.encoders.spectrum import Spectrum

__all__ = [
    "ContrastImage",
    "Encoder",
    "ImageEncoder",
    "MinMax",
    "OnOffImage",
    "PosNeg",
    "PosNegImage",
    "Spectrum",
    "aggregate",
    "quantise",
    "standardise",
]

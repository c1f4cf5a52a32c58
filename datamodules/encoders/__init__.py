"""Encoders: from the values of a series or an image to integer spike times on input lines."""

from datamodules.encoders.base import (
    Encoder,
    Series,
    Times,
    ValueEncoder,
    View,
    aggregate,
    quantise,
    standardise,
)
from datamodules.encoders.concat import Concat
from datamodules.encoders.fields import GaussianFields
from datamodules.encoders.image import ContrastImage, ImageEncoder, OnOffImage, PosNegImage
from datamodules.encoders.minmax import MinMax, OnOff
from datamodules.encoders.posneg import PosNeg
from datamodules.encoders.random_views import RandomKernels, RandomProjection
from datamodules.encoders.registry import encoder_from
from datamodules.encoders.spectrum import Spectrum
from datamodules.encoders.views import Autocorrelation, Derivative, Fourier, Quantiles

ENCODERS = ("Concat", "GaussianFields", "MinMax", "OnOff", "PosNeg", "Spectrum")
"""Names of the encoders; the other classes are views that they can take."""

__all__ = [
    "ENCODERS",
    "Autocorrelation",
    "Concat",
    "ContrastImage",
    "Derivative",
    "Encoder",
    "Fourier",
    "GaussianFields",
    "ImageEncoder",
    "MinMax",
    "OnOff",
    "OnOffImage",
    "PosNeg",
    "PosNegImage",
    "Quantiles",
    "RandomKernels",
    "RandomProjection",
    "Series",
    "Spectrum",
    "Times",
    "ValueEncoder",
    "View",
    "aggregate",
    "encoder_from",
    "quantise",
    "standardise",
]

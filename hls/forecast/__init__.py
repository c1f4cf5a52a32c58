"""What a network will cost in silicon, from a model fitted on measured runs, without any tool."""

from hls.forecast.features import features
from hls.forecast.forecast import Forecast, Range, forecast

__all__ = ["Forecast", "Range", "features", "forecast"]

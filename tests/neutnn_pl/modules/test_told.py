"""Networks that are told the label: only while a layer that reads it learns."""

import pytest
import torch

from neutnn_pl import Classifier
from neutnn_pl.modules import FieldLayer, Votes


@pytest.mark.parametrize("learning", [True, False])
def test_the_voter_learns_from_answers_that_nobody_prompted(learning):
    layer = FieldLayer(10, 40, dilation=2, segments=2, wta="t-wta", label=True)
    net = Classifier((28, 28), 2, [layer], voter=Votes(), stages=[1, 2])
    net.network.columns[0].learning = learning
    batch = (torch.zeros(2, 1568, dtype=torch.uint8), torch.tensor([3, 0]))
    told = net._proximal(batch, training=True)
    if learning:
        assert told.tolist() == [[0, 0, 0, 1, *[0] * 6], [1, *[0] * 9]]
    else:
        assert told is None
    assert net._proximal(batch, training=False) is None

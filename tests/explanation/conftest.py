import pytest
import torch
from torch import nn


@pytest.fixture
def image():
    return torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def alexnet_like():
    """Strided convolution, local response norm, overlapping pooling, dropout."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 5, stride=2, padding=1),
        nn.ReLU(inplace=True),
        nn.LocalResponseNorm(3, alpha=1.0),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(8, 12, 3, padding=2, dilation=2, groups=2),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, padding=1),
        nn.Flatten(),
        nn.Dropout(),
        nn.Linear(12 * 16, 5),
    )


@pytest.fixture(autouse=True)
def one_thread():
    """Networks this small are quicker so, above all on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)

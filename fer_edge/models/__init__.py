"""The nets, one a file; the recipe's `[model]` section names one and holds its numbers."""

from fer_edge.models.mobilenet import MobileNet
from fer_edge.models.paper import Paper
from fer_edge.models.resnet import ResNet
from fer_edge.models.vgg import VGG

Net = MobileNet | Paper | ResNet | VGG
"""Every net that a recipe can name."""

__all__ = ["VGG", "MobileNet", "Net", "Paper", "ResNet"]

"""The nets, one per file; a recipe's `[model]` section selects one and holds its parameters."""

from fer_edge.models.mobilenet import MobileNet
from fer_edge.models.paper import Paper
from fer_edge.models.resnet import ResNet
from fer_edge.models.vgg import VGG

Net = MobileNet | Paper | ResNet | VGG
"""Every net that a recipe can select."""

__all__ = ["VGG", "MobileNet", "Net", "Paper", "ResNet"]

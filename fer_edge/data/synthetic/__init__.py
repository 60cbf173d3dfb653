"""The embedded default: drawn gray faces with FER2013's seven expressions.

For demos, tests and learning the tools without a data set. Nothing here was measured on people:
accuracy on these faces says nothing about people.
"""

from fer_edge.data.synthetic.sample import face, generate, portrait
from fer_edge.data.synthetic.sheet import contact_sheet

__all__ = ["contact_sheet", "face", "generate", "portrait"]

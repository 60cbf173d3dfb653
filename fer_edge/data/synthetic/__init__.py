"""Synthetic gray faces with FER2013's seven expressions, the default data.

They are meant for demos, tests and learning the tools without a data set. Accuracy on these faces
does not apply to people.
"""

from fer_edge.data.synthetic.sample import face, generate, portrait, view
from fer_edge.data.synthetic.sheet import contact_sheet
from fer_edge.data.synthetic.turned import View

__all__ = ["View", "contact_sheet", "face", "generate", "portrait", "view"]

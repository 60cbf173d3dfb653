"""A web page that shows what the loop sees: the picture, the faces, the figures."""

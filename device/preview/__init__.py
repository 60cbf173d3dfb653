"""A web page with the live picture, the faces and statistics of the loop."""

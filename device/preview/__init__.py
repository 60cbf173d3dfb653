"""A web page with the live video, the faces and statistics of the loop."""

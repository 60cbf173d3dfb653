"""Images: reading and writing files, color conversion, drawing."""

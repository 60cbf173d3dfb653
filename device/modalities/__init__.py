"""Audio and text models, and their late fusion with the face model."""

"""A net for landmarks: drawn faces with known points, training, int8 export, pose, geometry."""

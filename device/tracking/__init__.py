"""Faces over time: association to tracks, template tracking between detections, smoothing."""

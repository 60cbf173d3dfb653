"""Saliency maps of a classifier: methods, scores and drawing."""

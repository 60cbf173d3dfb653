"""Searches nets of the MobileNet family that are accurate within a budget of counted costs."""

"""Searches for accurate nets of the MobileNet family within a budget of counted costs."""

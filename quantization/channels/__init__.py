"""Channel pruning: coupled channels, importance, selection under a cost target, removal."""

"""Text model: reading data sets, training and export; features come from `device`."""

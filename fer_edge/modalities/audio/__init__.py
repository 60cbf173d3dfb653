"""Speech model: recordings, training, int8 export and cross-validation by speaker."""

"""The public functions and classes that `fer_edge` exports."""

"""Options and helper functions shared by several commands."""

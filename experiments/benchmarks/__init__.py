"""Commands that print a speed or a figure, and its ratio to a yardstick from the same run."""

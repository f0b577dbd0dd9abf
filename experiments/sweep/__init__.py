"""Runs that belong together: their cells, what they share, what is done, and what is still to pay for."""

"""The folder of everything kept: its places, its tables, and the state of the code."""

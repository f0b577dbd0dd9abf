"""One file for each command of ``value-personas``; heavy imports stay inside the functions."""

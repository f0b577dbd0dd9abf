"""What can answer: one file per engine."""

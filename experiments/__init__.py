"""What is learned: recipes, stores, scores, tests and reports."""

"""Everything a recipe may say, one file a table; it knows no study."""

"""The main job: a recipe fielded, judged, kept, read back and run again."""

"""What a study tells its watcher while it goes on: at a terminal, in a log, in a notebook, or nothing."""

"""What each command's result looks like on the terminal: one file a result."""

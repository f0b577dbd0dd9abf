"""What people said: survey files read into distributions and value profiles."""

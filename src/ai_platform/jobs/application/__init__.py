"""What can be done with jobs, one use case a file."""

"""What other contexts may see of jobs."""

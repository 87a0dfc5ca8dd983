"""Jobs over HTTP and from the queue."""

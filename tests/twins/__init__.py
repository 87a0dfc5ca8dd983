"""Stand-ins for the systems we talk to, faithful on the wire."""

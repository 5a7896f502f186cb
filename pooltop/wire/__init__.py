"""What lies between processes: channels, messages, shared memory, the socket to the screens."""

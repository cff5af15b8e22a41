"""Bytes to batches and back, for every format. No sockets."""

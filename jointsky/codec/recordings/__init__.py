"""Recordings: files of captured traffic, cut into frames. One format is one file."""

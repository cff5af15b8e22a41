"""Seeded traffic and sensors: what a radar would have reported. Never sees the tracker."""

"""One script per claim; each prints ratios of one run against a named peer."""

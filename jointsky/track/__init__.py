"""Reports to system tracks: associate, update, start, confirm, coast, drop."""

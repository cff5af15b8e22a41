"""Looking at what happened: scores, reports."""

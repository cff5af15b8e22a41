"""Pure maths on arrays: geodesy, filters, gating, assignment, bit fields; a slow twin of each."""

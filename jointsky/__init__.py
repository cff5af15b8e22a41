"""jointsky: the software of a joint regional air defence picture. ARCHITECTURE.md is the map."""

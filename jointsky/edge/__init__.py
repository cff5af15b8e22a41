"""Everything that touches the world: clocks, sockets, the journal."""

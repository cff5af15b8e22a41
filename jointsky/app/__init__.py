"""The program: configuration, the node, the console's server, the command line."""

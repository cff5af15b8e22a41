"""`python -m jointsky` is the command line."""

from jointsky.app.cli import main

main()

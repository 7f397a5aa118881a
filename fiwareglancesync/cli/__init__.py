"""The command line of a synchronisation: options, listeners, exit codes. It decides nothing about images."""

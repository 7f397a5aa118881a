"""The command line: arguments, writers and progress display; no decision about images is made here."""

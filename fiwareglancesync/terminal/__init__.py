"""What every command prints with: narrative, tables, progress bars, files of the user, words that were meant."""

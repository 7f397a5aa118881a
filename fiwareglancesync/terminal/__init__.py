"""What every command prints with: narrative, tables, progress bars, files, suggestions for wrong words."""

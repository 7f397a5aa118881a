"""Revisions of the database's tables, in Alembic's form; ``run.py db upgrade`` applies them."""

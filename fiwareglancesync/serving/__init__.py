"""Serving over HTTP: addresses to listen at, unix sockets, Gunicorn; for every server of the program."""

"""Reports by mail: what they say, as text and HTML, and when they are made."""

"""The servers that ``scripts/devcloud up --with volumes`` adds: Cinder, Nova and what they need."""

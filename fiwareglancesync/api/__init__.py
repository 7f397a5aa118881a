"""The REST server: it reads requests and words answers; what is to be done is decided in the rooms below."""

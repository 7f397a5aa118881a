"""Any service of OpenStack, for every subject: sign-in, catalog, HTTP, retries, and one mapper of errors."""

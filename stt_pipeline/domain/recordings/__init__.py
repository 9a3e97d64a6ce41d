"""Recordings as found: keys, headers, the ledger, publications. Lists and opens nothing."""

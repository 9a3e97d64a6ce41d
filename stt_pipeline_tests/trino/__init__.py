"""A real Trino server, which is the engine of Athena: fetched, started and asked."""

"""Published tables in the words of Athena and Glue. Runs no query."""

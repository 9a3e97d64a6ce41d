"""AWS, Postgres and Dagster of production as processes of this machine, to break on purpose."""

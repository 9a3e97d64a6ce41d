"""The flow as Dagster sees it, one file a step; the only code that imports Dagster."""

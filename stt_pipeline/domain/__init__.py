"""Pure rules of the pipeline: no Dagster, no cloud, no files, no clock, no environment.

In the order of the flow: recordings, speech, quality, planning, week; and beside it labelling, sql,
serving and simulation. What every part speaks of lies here: ports, schemas, errors.
"""

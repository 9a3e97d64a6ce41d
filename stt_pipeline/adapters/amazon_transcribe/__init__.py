"""Amazon Transcribe, the batch service, as an engine for recordings on S3. Knows no table.

What was read of its documentation, and what of it could not be tried: README.md beside this.
"""

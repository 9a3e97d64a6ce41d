"""Glue and Athena as the catalog of a lake on S3. Knows no other adapter."""

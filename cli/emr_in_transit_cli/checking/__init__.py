"""What `emr-in-transit check` says of files, and how it is written."""

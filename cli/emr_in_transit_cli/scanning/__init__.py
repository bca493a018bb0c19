"""What `emr-in-transit scan` judges in live accounts: whose clusters, by what access, and its report."""

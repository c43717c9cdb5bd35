"""What runs have made: kept, found again, compared, and gone back to."""

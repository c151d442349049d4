"""What must hold in the database at every moment, and finding where it does not."""

"""What responses have in common: errors and their codes, refusals, media types and headers."""

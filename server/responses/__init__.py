"""The parts that responses share: errors with their codes, media types, headers."""

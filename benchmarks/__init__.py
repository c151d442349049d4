"""What the project says of its speed, measured on any machine: `make bench`."""

"""The benchmarks behind the figures in docs/performance.md. Run them on any machine: `make bench`."""

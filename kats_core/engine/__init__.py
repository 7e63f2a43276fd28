"""The engine: events in, commands out, nothing else."""

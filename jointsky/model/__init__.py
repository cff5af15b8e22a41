"""What things are: columns and batches, sensor, world, clock, the exception tree. No maths."""

"""The parts of the sample's generator; see generate.py."""

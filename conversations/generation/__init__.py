"""Answers while they are written: owned by the process, read by every page that shows them."""

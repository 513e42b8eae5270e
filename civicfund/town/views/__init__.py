"""Pages that show both halves at once."""

"""What people do about plans: write them, say what is reached, confirm it."""

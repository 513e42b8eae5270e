"""Pages of cycles, and of what administrators try before one."""

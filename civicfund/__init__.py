"""The site, its shared ground, and the pledging half."""

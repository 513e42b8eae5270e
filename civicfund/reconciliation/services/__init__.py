"""Comparing our books with the provider's, and mending what asking again can mend."""

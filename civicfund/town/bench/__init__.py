"""`make bench`: what the site takes, measured over HTTP on loopback against real servers."""

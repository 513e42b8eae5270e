"""Pages of campaigns, and a backer's own pages."""

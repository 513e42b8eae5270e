"""Projects and what belongs to them."""

from civicfund.projects.models.projects import CostLine, Project, ProjectQuerySet

__all__ = ["CostLine", "Project", "ProjectQuerySet"]

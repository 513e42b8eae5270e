"""Text that people wrote, made safe to show."""

from __future__ import annotations

import nh3
from django import template
from django.utils.html import escape, linebreaks, urlize
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

register = template.Library()

_markdown = MarkdownIt("commonmark", {"html": False, "linkify": False})
_ALLOWED_TAGS = {
    "p", "br", "em", "strong", "ul", "ol", "li", "blockquote", "h3", "h4", "a", "code", "pre", "hr",
}  # fmt: skip


@register.filter
def prose(markdown: str) -> SafeString:
    """Markdown as sanitised HTML: no raw HTML, no images, links that give no referrer away.

    A person's headings start at the third level, below the page's own.
    """
    html = _markdown.render(markdown)
    for level in ("1", "2"):
        html = html.replace(f"<h{level}>", "<h3>").replace(f"</h{level}>", "</h3>")
    clean = nh3.clean(
        html,
        tags=_ALLOWED_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener noreferrer",
    )
    return mark_safe(clean)  # noqa: S308 -- nh3 has just cleaned it


@register.filter
def plain(words: str) -> SafeString:
    """Plain words as paragraphs, their web addresses as links that give no referrer away."""
    html = urlize(linebreaks(escape(words)), nofollow=True)
    clean = nh3.clean(
        html,
        tags={"p", "br", "a"},
        attributes={"a": {"href"}},
        url_schemes={"http", "https"},
        link_rel="nofollow noopener noreferrer",
    )
    return mark_safe(clean)  # noqa: S308 -- nh3 has just cleaned it

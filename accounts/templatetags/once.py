"""The request key of a form that acts; built in, so that no template has to load it."""

from uuid import uuid4

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.once import FIELD

register = template.Library()


@register.simple_tag
def request_key() -> SafeString:
    """Return a hidden field with a new key: two forms of one page never share one."""
    return format_html('<input type="hidden" name="{}" value="{}">', FIELD, uuid4())

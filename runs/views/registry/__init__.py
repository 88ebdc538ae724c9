"""Agents, tools and providers: lists, forms, and consoles to try them out."""

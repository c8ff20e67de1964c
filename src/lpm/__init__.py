"""Latent Personal Memory: a frozen LLM that remembers each of its users."""

__version__ = "0.1.0"

"""Whose certificates outgoing connections believe."""

import ssl
from functools import cache

import httpx


@cache
def trusted_certificates() -> ssl.SSLContext:
    """Read once in a process, as it takes tens of milliseconds; SSL_CERT_FILE and SSL_CERT_DIR name an operator's."""
    return httpx.create_ssl_context()

"""qwenchat: the web chat for Qwen models that an organisation runs itself."""

__version__ = "0.1.0"

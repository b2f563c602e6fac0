"""Tools: what models may call, and what they are called with.

    fetching/      the safe way to a URL that a stranger chose

No model class and no setting is known here: what depends on them comes in as an argument.
"""

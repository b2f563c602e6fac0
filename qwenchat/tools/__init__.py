"""Tools: Python functions, and functions of MCP servers, that a model may call.

    declaring      @tool: a typed function becomes a Tool; `signatures` and `docstrings` read it
    schemas        whether arguments fit a JSON Schema, said so that a model can mend them
    context        what a call is given beside its arguments
    running        a model's calls, within limits, to outcomes; side effects wait for approval
    results        what a tool gave, as bounded text, marked as data
    builtin/       the tools that come with the application, one a file
    weather/       providers of the current weather; `units` is the table of units
    mcp/           tools of Model Context Protocol servers
    fetching/      the safe way to a URL that a stranger chose; `pages` makes text of what is there

No model class and no setting is known here: what depends on them comes in as an argument.
"""

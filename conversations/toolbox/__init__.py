"""The tools that people here may switch on: our own, and those of MCP servers that staff added.

    models      a server, what it said about its tools, and what of that staff accepted
    sealing     its secrets, encrypted at rest
    forms       what staff enter; `admin` is where, `showing` what they see before they accept
    reading     asking a server for its tools, and keeping or withdrawing what was accepted
    offer       the tools of accepted servers, and the connections of one answer
    catalogue   everything that can be switched on, for the composer's menu
    weather     the provider of the weather that the operator chose

How a server is spoken to is the business of `qwenchat.tools.mcp`; how calls are run and approved, that of
`qwenchat.tools.running`.
"""

"""Function calling: which of the offered tools a question asks for, and with what arguments.

offered    the tools and choices of a request, read and checked
calls      a call, as a model makes it
concepts   what questions and tools are about, in English and Chinese
shapes     calls as only other servers write them
choosing   whether to call now, and what
arguments  arguments that fit a tool's schema, taken from the question
instances  any value that a JSON schema allows
"""

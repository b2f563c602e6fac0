"""Web search, imitated: whether a question is searched for, and results that are clearly made up.

asking    `enable_search` and `search_options`, read and checked
sources   what is "found"
"""

"""Looking into files that strangers made: runs in a worker process only, and knows no Django.

Each module takes a path, limits, and a folder to write into; it gives back facts as plain values that
fit into JSON, or raises `Unusable`. Heavy imports stay inside these modules.
"""

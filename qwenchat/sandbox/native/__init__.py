"""The service's own protocol: the same answers under other names, and what only it tells.

asking   from a native body to the fields of a chat request
frames   answers as frames or in one piece
errors   refusals under the native names of their codes
"""

"""Looking at pictures and videos, so that answers tell what really came.

seen       what was found, as values
fetching   bytes behind a URL: data URLs only, this server is offline
pictures   one picture: decoded, bounded, measured
clips      a video file, and frames sent as a list
colours    the dominant colours of a picture, by name
attending  a whole request: everything in it looked at and read
"""

"""Links to a conversation as it stood: what is kept for one, how it is made and ended, who may read it.

`frozen` makes a branch into plain JSON, `shown` that into what a page prints; `links` has the verbs and the
door through a link. The owner's dialog and the readers' page are views like others.
"""

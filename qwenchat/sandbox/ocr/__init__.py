"""Reading printed text off pictures: small, honest, and bounded in time.

It compares shapes with letters of a few fonts (Pillow's own, and those that PDF pages are drawn
with when they bring none); Latin letters, digits and signs, dark on light or light on dark, not
turned. What it doesn't recognise it doesn't guess: a picture that it can't read gives no words.

    ink        which pixels are written on
    pieces     connected ink, as boxes
    layout     pieces put together to letters, lines and words
    letters    the known letters, as shapes
    matching   which letter a shape is, given its line
    spelling   letters that look the same, put right
    reading    a whole picture read
    places     where words are, as the service tells it
    tasks      the built-in tasks, and what is said when no task is given
    tables     columns and rows of words, as HTML
    latex      pages as LaTeX
    fields     "label: value" lines, and a schema filled from them
"""

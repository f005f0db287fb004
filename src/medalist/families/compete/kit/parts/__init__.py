"""Parts: the real functions whose source text generated scripts are assembled from.

Nothing in Medalist imports these modules at run time; tests do, and ``kit.assemble`` reads their
text. A part takes what it needs as arguments, knows no settings, and its name is unique among parts.
"""

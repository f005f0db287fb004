"""Operators by group, one file a group; ``language.operator`` finds every file here by itself.

Each helps two training tasks or more, or comes from a general source, file by file. The priors are those that ARC is made
of (Chollet, On the Measure of Intelligence, 2019, section III.1.2); "stacked", "picked" and "composed" pieces are ideas of
icecuber's published solver (first in Kaggle's Abstraction and Reasoning Challenge, 2020), thought anew and in other words.

    objects that hold together          splitting, pieces, selecting, mapping, object_rules*, local_objects, panels*
    objects that persist behind others  repairing, symmetry
    objects that touch and move         moving, gravity, lines, patterns_lines
    numbers, counting, order            counting, arranging, sizing, panels_listed
    shapes, turns, symmetry, scaling    geometry, tiling, fractal, symmetry, views
    lines, being inside or outside      cropping, lines, local_places
    colour as a name to be exchanged    colours, patterns_colours, legend, local_colours
    picked, stacked, composed           selecting, arranging, combining, composing
    conditions and functions as such    bodies, cell_rules
"""

"""The strategies that come with the brick: a new one needs one file with one ``@strategy`` function.

Every module in this folder is imported before the first look-up. Another package names its module by an entry
point::

    [project.entry-points."wapaganda.strategies"]
    longest_first = "my_package.longest_first"
"""

"""The paper's experiments behind ``mel-fast reproduce``.

``published`` and ``readings`` say what is compared and under which reading of Table I; ``tau``,
``training`` and ``best`` compute; ``figures``, ``tables`` and ``report`` write; ``reproduce`` ties
them together.
"""

"""``value-personas audit``: what descriptors tell a reader, and what they should not.

``__init__.pyi`` beside this file lists the names; each is imported on first use.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

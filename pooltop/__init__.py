"""pooltop: top for your process pool.

What a workload may import; everything else of this package is the engine's own.
"""

from pooltop import shared
from pooltop.children.inside import counter, track
from pooltop.work.declare import Outcome, OutputFolder, workload

__version__ = "0.1.0"

__all__ = ["Outcome", "OutputFolder", "__version__", "counter", "shared", "track", "workload"]

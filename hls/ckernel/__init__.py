"""C99 kernel of a frozen network."""

from hls.ckernel.build import GCC, CKernel, build
from hls.ckernel.generate import generate, network_hash
from hls.ckernel.step import CKernelStep

__all__ = ["GCC", "CKernel", "CKernelStep", "build", "generate", "network_hash"]

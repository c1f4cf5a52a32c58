"""C99 kernel of a frozen network."""

from hls.ckernel.build import GCC, CKernel, build
from hls.ckernel.generate import generate, network_hash
from hls.ckernel.kernel import ARCHITECTURES, Argument, HlsKernel, hls_kernel
from hls.ckernel.learning import generate_learning
from hls.ckernel.step import CKernelStep

__all__ = [
    "ARCHITECTURES",
    "GCC",
    "Argument",
    "CKernel",
    "CKernelStep",
    "HlsKernel",
    "build",
    "generate",
    "generate_learning",
    "hls_kernel",
    "network_hash",
]

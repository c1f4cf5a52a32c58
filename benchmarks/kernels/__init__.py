"""How fast the kernels are: beside plain PyTorch, against size, and beside what they must do."""

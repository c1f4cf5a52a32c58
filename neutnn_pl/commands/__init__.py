"""The commands of `neutnn`, one function each: arguments in, exit code out."""

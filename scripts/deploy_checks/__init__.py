"""What deploy/ says about itself and about the rest of the repository, one module for each of its folders."""

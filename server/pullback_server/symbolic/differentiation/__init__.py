"""A program parted where tensors are contracted, and each part differentiated."""

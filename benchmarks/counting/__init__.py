"""Instructions per inference on Arm cores, counted under QEMU without a board."""

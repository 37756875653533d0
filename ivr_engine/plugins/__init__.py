"""Lines from plugins: found by entry point and by folder, their functions run where they can harm nobody else."""

"""How docmill's default weights are made: pages, training, export, proof."""

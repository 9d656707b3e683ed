"""Curves of training logs as one small picture."""

import json
from pathlib import Path

_SKIPPED = {"scale", "bias", "least_similarity", "stage", "at", "step", "documents", "minutes", "rate", "waits", "final", "tokens", "norm", "speed"}


def curves(logs: list[Path], out: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, 2, figsize=(10, 3.6), dpi=80)
    for log in logs:
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        names = sorted({name for line in lines for name, value in line.items() if name not in _SKIPPED and isinstance(value, (int, float))})
        for name in names:
            points = [(line["minutes"], line[name]) for line in lines if line.get(name) is not None and "minutes" in line]
            panel = panels[1] if name.startswith("loss") or "error" in name else panels[0]
            if points:
                panel.plot(*zip(*points), label=f"{lines[0]['stage']} {name}", linewidth=1)
    for panel, title in zip(panels, ("share right", "loss")):
        panel.set_xlabel("minutes of training")
        panel.set_title(title, fontsize=9)
        panel.grid(alpha=0.3)
        panel.legend(fontsize=6)
    figure.tight_layout()
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out)

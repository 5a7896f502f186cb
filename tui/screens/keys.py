"""The keys of a run's screen, in the order in which its last line names them."""

from textual.binding import Binding, BindingType

KEYS: list[BindingType] = [
    Binding("question_mark", "help", "help", key_display="?"),
    Binding("q", "leave", "leave"),
    Binding("w", "gallery", "gallery"),
    Binding("f", "failures", "failures"),
    Binding("k", "signal", "kill"),
    Binding("r", "restart", "restart"),
    Binding("p", "pause", "pause"),
    Binding("P", "pause_pool", "pause all", key_display="P"),
    Binding("plus", "resize(1)", "more", key_display="+"),
    Binding("minus", "resize(-1)", "fewer", key_display="-"),
    Binding("x", "skip", "skip item"),
    Binding("K", "kill", "kill now", key_display="K"),
    Binding("k,r,p,P,plus,minus,x,K", "say_no_pool_yet", show=False),
    Binding("enter", "details", "details"),
    Binding("up", "move(-1)", show=False),
    Binding("down", "move(1)", show=False),
    Binding("pageup", "page(-1)", show=False),
    Binding("pagedown", "page(1)", show=False),
]
TO_WORKERS = {"signal", "kill", "restart", "skip", "pause", "pause_pool", "resize"}
"""The actions that tell workers something."""

"""Docstrings as running text."""


def paragraphs(doc: str) -> str:
    """`doc` with the lines of each paragraph joined, so that a screen of any width can wrap them.

    Paragraphs with indented lines or items of a list keep their lines.
    """
    blocks = doc.strip().split("\n\n")
    return "\n\n".join(block if _is_laid_out(block) else " ".join(block.split()) for block in blocks)


def _is_laid_out(block: str) -> bool:
    return any(line.startswith((" ", "\t", "- ", "* ", ">>>")) for line in block.strip("\n").splitlines())

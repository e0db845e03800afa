"""The reference of the bricks, from their sources: no brick is imported, so every Python writes the same."""

import ast
import re
import textwrap
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

SIGNATURE_WIDTH = 100
HEAD = "The lowest layer comes first. Import names from the brick: `from wapaganda.ner import Document`."


@dataclass(frozen=True)
class Definition:
    """A public name: its signature, its docstring (for functions the first paragraph), and its members."""

    signature: str
    doc: str
    members: tuple["Definition", ...] = ()


def api_page(root: Path, width: int) -> str:
    """docs/api.md: the public names of the bricks below ``root``, the lowest layer first."""
    bricks = [each for each in _bricks(root) if (root / "components" / "wapaganda" / each).is_dir()]
    contents = ", ".join(f"[{each}](#wapaganda{each})" for each in bricks)
    parts = ["# API of the bricks", "", HEAD, "", _wrapped(f"Bricks: {contents}.", width)]
    for brick in bricks:
        folder = root / "components" / "wapaganda" / brick
        front = ast.parse((folder / "__init__.py").read_text("utf-8"))
        parts += ["", f"## wapaganda.{brick}", "", _wrapped(ast.get_docstring(front) or "", width)]
        for name in _public(front):
            parts += ["", f"### {name}", "", *_entry(_find(name, front, folder), width)]
    return "\n".join(parts) + "\n"


def _bricks(root: Path) -> Iterator[str]:
    """The bricks of pyproject's layers contract, by name within a layer."""
    settings = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    for layer in reversed(settings["contracts"][0]["layers"]):
        yield from sorted(each.strip() for each in layer.split("|"))


def _public(front: ast.Module) -> list[str]:
    for node in front.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return sorted(ast.literal_eval(node.value), key=lambda name: (name.lower(), name))
    return []


def _find(name: str, module: ast.Module, folder: Path) -> Definition:
    """The definition of a name in a module, or in the module of the brick that it is imported from."""
    own = _own(module)
    if name in own:
        return own[name]
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"wapaganda.{folder.name}."):
            origin = next((each.name for each in node.names if name == (each.asname or each.name)), None)
            if origin is not None:
                file = folder.joinpath(*(node.module or "").split(".")[2:])
                file = file / "__init__.py" if file.is_dir() else file.with_suffix(".py")
                return _find(origin, ast.parse(file.read_text("utf-8")), folder)
    raise LookupError(f"Expected a definition of {name} in {folder}, was: none")


def _own(module: ast.Module) -> dict[str, Definition]:
    found: dict[str, Definition] = {}
    for node, following in zip(module.body, [*module.body[1:], ast.Pass()], strict=True):
        match node:
            case ast.ClassDef():
                found[node.name] = _class(node)
            case ast.FunctionDef():
                found[node.name] = _function(node)
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                found[name] = Definition(f"{name} = {_value(value)}", _text(following))
    return found


def _value(value: ast.expr) -> str:
    text = ast.unparse(value)
    return text if len(text) <= SIGNATURE_WIDTH else "…"


def _class(node: ast.ClassDef) -> Definition:
    fields = [
        re.sub(r"field\(default_factory=(\w+)\)", r"\1()", ast.unparse(each))
        for each in node.body
        if isinstance(each, ast.AnnAssign) and not ast.unparse(each.target).startswith("_")
    ]
    methods = [each for each in node.body if isinstance(each, ast.FunctionDef)]
    start = next((each for each in methods if each.name == "__init__"), None)
    inside = _arguments(start)[1:] if start else fields or [ast.unparse(each) for each in node.bases]
    head = _call(f"class {node.name}", inside) if inside else f"class {node.name}"
    shown = tuple(_function(each) for each in methods if not each.name.startswith("_"))
    doc = (ast.get_docstring(node) or "").partition("\n\nRaises:")[0]
    return Definition(head, doc, shown)


def _function(node: ast.FunctionDef) -> Definition:
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    if any(ast.unparse(each) in ("property", "cached_property") for each in node.decorator_list):
        head = node.name + returns
    else:
        arguments = [each for each in _arguments(node) if each not in ("self", "cls")]
        head = _call(node.name, arguments, returns)
    return Definition(head.replace("'", ""), _paragraph(ast.get_docstring(node)))


def _arguments(node: ast.FunctionDef) -> list[str]:
    """One text for each parameter, ``*`` and ``/`` included."""
    whole = node.args
    positional = [*whole.posonlyargs, *whole.args]
    texts = [ast.unparse(argument) for argument in positional]
    for index, default in enumerate(whole.defaults, start=len(texts) - len(whole.defaults)):
        texts[index] += f" = {ast.unparse(default)}"
    if whole.vararg:
        texts.append(f"*{ast.unparse(whole.vararg)}")
    elif whole.kwonlyargs:
        texts.append("*")
    for argument, value in zip(whole.kwonlyargs, whole.kw_defaults, strict=True):
        texts.append(ast.unparse(argument) + (f" = {ast.unparse(value)}" if value else ""))
    return [*texts, f"**{ast.unparse(whole.kwarg)}"] if whole.kwarg else texts


def _call(name: str, arguments: Sequence[str], returns: str = "") -> str:
    line = f"{name}({', '.join(arguments)}){returns}"
    if len(line) <= SIGNATURE_WIDTH:
        return line
    return "\n".join([f"{name}(", *(f"    {each}," for each in arguments), f"){returns}"])


def _entry(found: Definition, width: int) -> list[str]:
    parts = ["```", found.signature, "```", *(["", _wrapped(found.doc, width)] if found.doc else [])]
    members = [
        textwrap.fill(
            f"`{_one_line(each.signature)}`: {each.doc}", width, initial_indent="- ", subsequent_indent="  "
        )
        for each in found.members
    ]
    return [*parts, "", *members] if members else parts


def _one_line(signature: str) -> str:
    return " ".join(signature.split()).replace("( ", "(").replace(", )", ")")


def _text(node: ast.stmt) -> str:
    match node:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return _paragraph(text)
    return ""


def _paragraph(doc: str | None) -> str:
    """The first paragraph, with Markdown's code marks in place of reStructuredText's."""
    return " ".join((doc or "").strip().split("\n\n")[0].split()).replace("``", "`")


def _wrapped(text: str, width: int) -> str:
    """Paragraphs filled to ``width``; an indented one, such as a drawing, stays as it is."""
    return "\n\n".join(
        f"```\n{each}\n```" if each.startswith("  ") else textwrap.fill(" ".join(each.split()), width)
        for each in text.replace("``", "`").strip("\n").split("\n\n")
    )

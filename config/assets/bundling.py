"""Joins ES modules: what only one page script needs becomes part of it. Pure text, for modules in the house's style.

The modules of a bundle share one scope, so an import inside it is simply dropped; a module whose own names are taken
there gets a scope of its own. What another bundle imports of it is exported; a script loaded on demand
(`import("./x.js")`) imports what its loader has already.
"""

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

IMPORT = re.compile(r'^import (?:\{([^}]*)\} from )?"(\.[^"]+)";\n', re.MULTILINE)
ON_DEMAND = re.compile(r'\bimport\("(\.[^"]+)"\)')
EXPORT = re.compile(r"^export ((?:async )?(?:const|class|function) )(\w+)", re.MULTILINE)
DECLARED = re.compile(r"^(?:async )?(?:class|function\*?) ([\w$]+)", re.MULTILINE)
VARIABLE = re.compile(r"^(?:const|let|var)\b.*", re.MULTILINE)
PLAIN = re.compile(r"(?:const|let|var) (?:([\w$]+)|\[([\w$\s,]*)\]|\{([\w$\s,]*)\})(?= =|;)")
TOKEN = re.compile(
    r"""
    "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' | //[^\n]* | /\*.*?\*/
    | (?<=[=(,:\[!&|?{;])\s*/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n])+/  # a regular expression
    | [`()\[\]{},;]
    """,
    re.DOTALL | re.VERBOSE,
)
IN_TEMPLATE = re.compile(r"\\.|`|\$\{", re.DOTALL)
UNKNOWN = re.compile(r"^(?:import\b(?!\()|export\b).*", re.MULTILINE)
RENAMED = re.compile(r"\w+ as \w+")


class UnreadableModule(ValueError):
    """A module is written in a way that bundling does not know: write the import or export as the others do."""


@dataclass(frozen=True)
class Module:
    """One source. `path` is relative to the folder of all; paths of others are too."""

    path: str
    source: str

    @cached_property
    def imports(self) -> dict[str, list[str]]:
        """The names that it takes, by module; none of one that is only run."""
        for names, _ in IMPORT.findall(self.source):
            if renamed := RENAMED.search(names):
                raise UnreadableModule(
                    f"{self.path}: import {renamed[0]}: a bundle has one name for one thing"
                )
        return {self._near(path): names_in(names) for names, path in IMPORT.findall(self.source)}

    @cached_property
    def on_demand(self) -> list[str]:
        return [self._near(path) for path in ON_DEMAND.findall(self.source)]

    @cached_property
    def exports(self) -> list[str]:
        return [name for _, name in EXPORT.findall(self.source)]

    @cached_property
    def body(self) -> str:
        """The source without imports and exports."""
        body = EXPORT.sub(r"\1\2", IMPORT.sub("", self.source))
        if unknown := UNKNOWN.search(body):
            raise UnreadableModule(f"{self.path}: {unknown[0]}")
        return body

    @cached_property
    def own_names(self) -> set[str]:
        """The names at its top that nobody imports."""
        found = [*DECLARED.findall(self.body)]
        for line in VARIABLE.finditer(self.body):
            plain = PLAIN.match(self.body, line.start())
            if plain is None or is_one_of_several(self.body, plain.end()):
                raise UnreadableModule(
                    f"{self.path}: {line[0]}: declare plain names, each by a line of its own"
                )
            found += [name for names in plain.groups("") for name in names_in(names)]
        return {*found} - {*self.exports}

    def _near(self, path: str) -> str:
        return posixpath.normpath(posixpath.join(posixpath.dirname(self.path), path))


def names_in(listed: str) -> list[str]:
    return [name.strip() for name in listed.split(",") if name.strip()]


def is_one_of_several(source: str, at: int) -> bool:
    """Whether the declaration goes on with another one, after a comma outside of all brackets."""
    within: list[str] = []
    while found := (IN_TEMPLATE if within[-1:] == ["`"] else TOKEN).search(source, at):
        token, at = found[0], found.end()
        if token in ")]}" or (token == "`" and within[-1:] == ["`"]):
            del within[-1:]
        elif token in ("(", "[", "{", "${", "`"):
            within.append(token)
        elif not within and token in ",;":
            return token == ","
    return False


def bundled(sources: Mapping[str, str]) -> dict[str, str]:
    """The bundles of some modules, by the path of the one that a page loads. Raises UnreadableModule.

    Imports of files that are not among them stay as they are.
    """
    modules = {path: Module(path, source) for path, source in sources.items()}
    homes = homes_of(modules)
    return {home: bundle(home, modules, homes) for home in {*homes.values()}}


def homes_of(modules: Mapping[str, Module]) -> dict[str, str]:
    """In which bundle each module is: that of the one script that needs it; its own where several do."""
    imported = {path for module in modules.values() for path in module.imports}
    scripts = [path for path in modules if path not in imported]
    reached = {script: in_order(script, modules) for script in scripts}
    loaders = {
        late: {
            script
            for script in scripts
            for path in reached[script]
            if late in modules[path].on_demand and script != late
        }
        for late in scripts
    }
    homes = {}
    for path in modules:
        users = [script for script in scripts if path in reached[script]]
        first = [script for script in users if before(script, loaders).isdisjoint(users)]
        homes[path] = first[0] if len(first) == 1 else path
    return homes


def before(script: str, loaders: Mapping[str, set[str]]) -> set[str]:
    """The scripts that one is loaded by, on demand: its loaders, the loaders of those, and so on."""
    found: set[str] = set()
    waiting = [script]
    while waiting:
        fresh = loaders[waiting.pop()] - found - {script}
        found |= fresh
        waiting.extend(fresh)
    return found


def in_order(path: str, modules: Mapping[str, Module]) -> list[str]:
    """A module and all that it imports, each after what it needs itself."""
    found: dict[str, None] = {}
    waiting = [(path, False)]
    while waiting:
        here, is_done = waiting.pop()
        if is_done:
            found[here] = None
        elif here in modules and here not in found:
            waiting.append((here, True))
            waiting.extend((other, False) for other in reversed(modules[here].imports))
    return [*found]


def bundle(home: str, modules: Mapping[str, Module], homes: Mapping[str, str]) -> str:
    inside = [modules[path] for path in in_order(home, modules) if homes[path] == home]
    for module in inside:
        if module.on_demand and posixpath.dirname(module.path) != posixpath.dirname(home):
            raise UnreadableModule(f"{module.path}: import() would lead elsewhere from {home}")
    outside = [module for path, module in modules.items() if homes[path] != home]
    wanted = {*modules[home].exports}
    for module in outside:
        for path, names in module.imports.items():
            if homes.get(path) == home:
                wanted.update(names)
    given = f"export {{ {', '.join(sorted(wanted))} }};\n" if wanted else ""
    return taken(home, inside, homes) + "".join(scoped(inside)) + given


def scoped(modules: Iterable[Module]) -> Iterable[str]:
    modules = [*modules]
    seen = [name for module in modules for name in module.exports]
    if len({*seen}) < len(seen):
        raise UnreadableModule(f"{modules[-1].path}: two modules of this bundle export the same name")
    names = {*seen}
    for module in modules:
        if names.isdisjoint(module.own_names):
            names |= module.own_names
            yield module.body
        else:
            given = ", ".join(module.exports)
            yield f"const {{ {given} }} = (() => {{\n{module.body}return {{ {given} }};\n}})();\n"


def taken(home: str, inside: Iterable[Module], homes: Mapping[str, str]) -> str:
    """The imports that remain: those of other bundles, and of files that are none of ours."""
    lines: dict[str, set[str]] = {}
    for module in inside:
        for path, names in module.imports.items():
            if homes.get(path) != home:
                lines.setdefault(homes.get(path, path), set()).update(names)
    return "".join(
        import_line(posixpath.relpath(path, posixpath.dirname(home)), names) for path, names in lines.items()
    )


def import_line(path: str, names: Iterable[str]) -> str:
    near = path if path.startswith(".") else f"./{path}"
    listed = ", ".join(sorted(names))
    return f'import {{ {listed} }} from "{near}";\n' if listed else f'import "{near}";\n'

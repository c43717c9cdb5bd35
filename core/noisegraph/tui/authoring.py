"""What an author does to the graph that is open, by keys and boxes: parameters, wires, nodes, marks, its text."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ..errors import GraphError
from ..folders import state_folder
from .author.copying import command_line, first_of, node_text
from .author.graphs import with_graphs
from .author.offers import first_wires, fitting, free_name, passing, sources
from .author.seeds import POLICIES, after, as_policy
from .author.sweeps import swept, swept_names
from .dialogs.editor import NoEditorError, edited
from .dialogs.history import Prompts
from .dialogs.matching import Choice
from .dialogs.picker import Picker
from .dialogs.prose import Answer, Prose
from .document import edits
from .document.document import Document
from .document.marks import Marks
from .form.context import form_context
from .form.fields import Context, Field, Form, inputs_form, node_form
from .form.inspector import Inspector
from .form.kind import meant, shown, tokens
from .form.taking import taken
from .outline import Outline
from .prompt import Prompt
from .state.catalog import Catalog, Port

if TYPE_CHECKING:
    from .authored import Authored
    from .dialogs.batch import Asked

T = TypeVar("T")


class Author:
    """Every edit is a function of the document; what cannot be done is told."""

    def __init__(self, app: Authored) -> None:
        self.app = app
        self.prompts = Prompts(state_folder() / "tui" / "prompts.jsonl")

    @property
    def document(self) -> Document:
        """The graph that is open."""
        return self.app.store.document

    @property
    def outline(self) -> Outline:
        """The graph in outline."""
        return self.document.outline

    @property
    def catalog(self) -> Catalog:
        """The nodes that there are, and the graphs that this one uses."""
        return with_graphs(self.app.store.catalog, self.outline, self.document.path.parent)

    @property
    def inspector(self) -> Inspector:
        """The form on the screen."""
        found = self.app.main.inspector
        assert found is not None  # nothing can be asked for before the panes stand
        return found

    # what is known of the node that is meant

    @property
    def node(self) -> str:
        """The node that commands are about: that of the form where it has the focus, else that under the cursor."""
        return self.inspector.node if isinstance(self.app.focused, Inspector) else self.app.main.selected

    @property
    def nodes(self) -> list[str]:
        """The nodes that are marked, else the one that is meant."""
        there = self.outline.items
        return [name for name in there if name in self.app.main.graph.marked] or [
            name for name in (self.node,) if name in there
        ]

    def context(self) -> Context:
        """What forms are made from."""
        return form_context(self.app.store)

    def form(self, node: str) -> Form:
        """The form of a node; that of the graph's inputs where there is none of the name."""
        context = self.context()
        return node_form(node, context) if node in context.outline.items else inputs_form(context)

    def attempt(self, edit: Callable[[Document], Document]) -> bool:
        """Make an edit; what is wrong with it is told."""
        try:
            document = edit(self.document)
        except (GraphError, KeyError, ValueError) as error:
            self.app.tell(str(error), "warn")
            return False
        self.app.edit(document, document.label)
        return True

    # parameters

    def ask(self, field: Field) -> None:
        """Edit a field by a box: what it may be, what may be wired to it, or its text."""
        if field.port.wired:
            self.connect(field.node, field.port)
        elif field.kind.way == "choice":
            self._pick_value(field)
        elif field.kind.way == "file":
            self._pick_file(field)
        else:
            self.write(field)

    def _pick_value(self, field: Field) -> None:
        choices = [Choice(shown(one, field.kind), shown(one, field.kind)) for one in field.kind.choices]
        picker = Picker(f"{field.node} · {field.name}", choices, field.text)
        self.app.push_screen(picker, _if_given(partial(self.take, field)))

    def _pick_file(self, field: Field) -> None:
        from .author.files import files

        choices = list(files(self.document.path.parent, field.port.file or ()))
        picker = Picker(
            f"{field.node} · {field.name}", choices, field.text, nothing="enter takes what is typed", free=str
        )
        self.app.push_screen(picker, _if_given(partial(self.take, field)))

    def write(self, field: Field, text: str | None = None) -> None:
        """Edit a field's text in a box, a prompt with the earlier ones at hand."""
        prompt = field.kind.way == "prompt"

        def wrong(text: str) -> str:
            try:
                meant(text, field.kind, field.port.limits)
            except ValueError as error:
                return str(error)
            return ""

        told: Callable[[str], str] = (lambda text: f"~{tokens(text)} tokens") if prompt else (lambda text: "")
        title = " · ".join(part for part in (field.node, field.name) if part)
        held = field.text if text is None else text
        earlier = self.prompts.texts if prompt else ()
        box = Prose(title, held, earlier, wrong, told, long=field.kind.way == "json")
        self.app.push_screen(box, _if_given(partial(self._written, field)))

    def _written(self, field: Field, answer: Answer) -> None:
        if answer.outside:
            self._in_editor(field, answer.text)
            return
        self.take(field, answer.text)
        if field.kind.way == "prompt":
            try:
                self.prompts.add(answer.text)
            except OSError as error:
                self.app.tell(f"the prompt is not remembered: {error.strerror}", "warn")
        if answer.run:
            self.app.act("run.start")

    def _in_editor(self, field: Field, text: str) -> None:
        try:
            written = edited(self.app, text, ".json" if field.kind.way == "json" else ".txt")
        except NoEditorError as error:
            self.app.tell(str(error), "warn")
            return
        self.write(field, written.rstrip("\n"))

    def take(self, field: Field, text: str) -> None:
        """Give a field the value that a text means."""
        self.attempt(lambda document: taken(document, field, text))

    def edit_prompt(self) -> None:
        """Write the prompt of the node that is meant, else the first of the graph; without one, edit its inputs."""
        names = [self.node, *self.outline.items]
        found = next((one for name in names if (one := first_of(self.form(name), "prompt"))), None)
        if found is not None:
            self.write(found)
            return
        self.show_inputs()
        if self.outline.inputs:
            self.app.call_after_refresh(self.inspector.action_edit)

    def edit_marked(self) -> None:
        """Edit one parameter on all marked nodes."""
        forms = [self.form(node) for node in self.nodes]
        names = [{one.name: one for one in form.fields} for form in forms]
        common = [one for name, one in names[0].items() if all(name in other for other in names)] if names else []
        choices = [Choice(one.name, one, one.text, one.port.help) for one in common]
        title = f"edit on {len(forms)} node{'s' * (len(forms) != 1)}"
        self.app.push_screen(Picker(title, choices, nothing="no parameter in common"), self._edit_all)

    def _edit_all(self, field: Field | None) -> None:
        if field is None:
            return

        def take(text: str | None) -> None:
            def edit(document: Document) -> Document:
                value = meant(str(text), field.kind, field.port.limits)
                after = document
                for node in self.nodes:
                    after = edits.set_value(after, node, field.name, value)
                return document.changed(after.text, f"set {field.name} of {len(self.nodes)} nodes")

            if text is not None:
                self.attempt(edit)

        self.app.push_screen(Prompt(f"{field.name} of {', '.join(self.nodes)}"[:70], field.text), take)

    def make_input(self) -> None:
        """Make the parameter under the cursor an input of the graph."""
        field = self.inspector.field
        if field is None or field.port.wired or field.origin not in ("set", "default"):
            self.app.tell("put the cursor of the form on a parameter that has a value of its own", "warn")
            return
        name = free_name(self.outline, field.name)
        self.attempt(lambda document: edits.promote(document, field.node, field.name, name, field.value))

    # wires and nodes

    def connect(self, node: str = "", port: Port | None = None) -> None:
        """Pick what a port reads, of all that it may read; first the port, where none is meant."""
        node = node or self.node
        field = self.inspector.field if isinstance(self.app.focused, Inspector) else None
        if port is None and field is not None and field.node == node and (field.port.wired or field.origin == "wire"):
            port = field.port
        if port is not None:
            self._pick_source(node, port)
            return
        entry = self.catalog.entry(self._use(node))
        read = {wire.port: wire.source for wire in self.outline.items[node].wires} if entry else {}
        ports = [one for one in entry.ports.values() if one.wired] if entry else []
        choices = [Choice(one.name, one, f"{one.type}  ← {read.get(one.name, 'nothing')}", one.help) for one in ports]
        picker = Picker(f"connect {node}: which port?", choices, nothing="it has no wires")
        self.app.push_screen(picker, _if_given(partial(self._pick_source, node)))

    def _use(self, node: str) -> str:
        item = self.outline.items.get(node)
        return item.use if item else ""

    def _pick_source(self, node: str, port: Port) -> None:
        choices = list(sources(self.outline, self.catalog, node, port))
        nothing = f"nothing in the graph gives {port.item or port.type}; a adds what does"
        picker = Picker(f"{node}.{port.name} ← {port.type}", choices, nothing=nothing)

        def take(source: str | None) -> None:
            if source is not None:
                self.attempt(lambda document: edits.connect(document, node, port.name, source, bool(port.item)))

        self.app.push_screen(picker, take)

    def add_node(self) -> None:
        """Add a node behind the one that is meant; at a port of the form, one that the port takes, and wire it."""
        field = self.inspector.field if isinstance(self.app.focused, Inspector) else None
        port = field.port if field is not None and field.port.wired else None
        node = field.node if field is not None else self.node
        title = f"add what {node}.{port.name} takes: {port.type}" if port else "add a node"
        picker = Picker(title, list(fitting(self.catalog, port)), nothing="no such node")
        self.app.push_screen(picker, _if_given(partial(self._add, node, port)))

    def _add(self, near: str, port: Port | None, use: str) -> None:
        entry = self.catalog.entries[use]
        name = free_name(self.outline, use)
        wires = first_wires(self.outline, self.catalog, entry, "" if port else near)

        def edit(document: Document) -> Document:
            behind = near if near in document.outline.items else None
            made = edits.add(document, name, use, wires, behind)
            if port is None:
                return made
            part = next((part for part, kind in entry.given() if self.catalog.flows(kind, port)), "")
            source = f"{name}.{part}" if part else name
            wired = edits.connect(made, near, port.name, source, bool(port.item))
            return document.changed(wired.text, f"add {name} for {near}.{port.name}")

        if self.attempt(edit):
            self.app.main.graph.select(name)

    def find_node(self) -> None:
        """Find a node by name, type or help, and add it."""
        picker = Picker("find a node", list(fitting(self.catalog)), nothing="no such node")
        self.app.push_screen(picker, _if_given(self.insert_node))

    def insert_node(self, use: str) -> None:
        """Add a node of this kind behind the one that is meant."""
        self._add(self.node, None, use)

    def delete_nodes(self) -> None:
        """Delete the nodes; what read them reads what they passed on, where they did."""
        gone = self.nodes
        names = list(self.outline.items)
        past = passing(self.outline, self.catalog)
        if gone and self.attempt(lambda document: edits.delete(document, gone, past)):
            left = [
                name for name in names[: names.index(gone[0])][::-1] + names[names.index(gone[0]) :] if name not in gone
            ]
            if left:
                self.app.main.graph.select(left[0])

    def rename_node(self) -> None:
        """Give the node another name; at an input of the form, the input."""
        field = self.inspector.field if isinstance(self.app.focused, Inspector) else None
        old = field.name if field is not None and not field.node else self.node

        def take(new: str | None) -> None:
            if new and self.attempt(lambda document: edits.rename(document, old, new.strip())):
                self.app.store.marks = self.app.store.marks.renamed(old, new.strip())
                if new.strip() in self.outline.items:
                    self.app.main.graph.select(new.strip())

        self.app.push_screen(Prompt(f"rename {old}", old), take)

    # how nodes are run

    def mute(self) -> None:
        """Mute the nodes, or hear them again: they and what needs them do not run."""
        self._mark(self.app.store.marks.mute(self.nodes))

    def bypass(self) -> None:
        """Bypass the nodes, or go through them again: what reads them reads what they read."""
        past = passing(self.outline, self.catalog)
        stuck = [name for name in self.nodes if name not in past and name not in self.app.store.marks.bypassed]
        if stuck:
            self.app.tell(f"{', '.join(stuck)}: no wire of the type that it gives, nothing to pass on", "warn")
        else:
            self._mark(self.app.store.marks.bypass(self.nodes))

    def pin(self) -> None:
        """Pin what the nodes give, or let them follow the graph again."""
        marks = self.app.store.marks
        try:
            for node in self.nodes:
                marks = marks.pin(self.document, node)
        except GraphError as error:
            self.app.tell(str(error), "warn")
            return
        self._mark(marks)

    def _mark(self, marks: Marks) -> None:
        self.app.store.marks = marks
        self.app.show_store()
        self.app.ask_plan()
        self.app.remember()

    def turn_seed(self, target: tuple[str, str]) -> None:
        """Let a seed's policy be the next one."""
        policy = after(self.app.store.policies.get(target, POLICIES[0]))
        self.app.store.policies = {**self.app.store.policies, target: policy}
        self.app.main.show_node(self.app.store, self.inspector.node)
        self.app.tell(f"after each run: {target[1]} {policy}")

    def show_inputs(self) -> None:
        """Show the inputs of the graph in the form."""
        self.app.main.show_node(self.app.store, "")
        self.app.main.go("inspector")

    def invalidate(self) -> None:
        """Let the next run make the nodes anew, or take them from the cache again."""
        self.app.store.fresh = self.app.store.fresh ^ frozenset(self.nodes)
        self.app.ask_plan()

    def batch(self) -> None:
        """Ask for many runs."""
        from .dialogs.batch import Batch

        known = swept_names(self.context())
        sweep = self.document.data.get("sweep")
        held = sweep.items() if isinstance(sweep, dict) else ()
        lines = [f"{name} = {', '.join(map(str, values))}" for name, values in held if isinstance(values, list)]
        policies = [one for one in self.app.store.policies.values() if one != "fixed"]
        policy = policies[0] if policies else "increment"
        self.app.push_screen(Batch(known, as_policy(policy), lines), _if_given(self._run_many))

    def _run_many(self, asked: Asked) -> None:
        if asked.keep:
            self.attempt(lambda document: _with_sweep(document, asked))
            return
        seeds = self._seeds() if asked.runs > 1 else []
        before, self.app.store.policies = self.app.store.policies, dict.fromkeys(seeds, asked.policy)
        try:
            for _ in range(asked.runs):
                self._run_swept(asked)
        finally:
            self.app.store.policies = before

    def _run_swept(self, asked: Asked) -> None:
        if not asked.axes:
            self.app.enqueue()
            return
        graph, sweep = swept(Document.like(self.app.as_run(), self.document.path), asked.axes)
        self.app.enqueue(graph=graph.text, sweep=sweep)

    def _seeds(self) -> list[tuple[str, str]]:
        """What seeds the graph has: its inputs that feed seeds, else the seeds of its nodes."""
        fields = [field for node in ("", *self.outline.items) for field in self.form(node).fields]
        return list(dict.fromkeys(one.target for one in fields if one.kind.way == "seed" and one.origin != "wire"))

    def open_graph(self) -> None:
        """Pick a graph to open."""
        from .author.templates import graphs

        picker = Picker("open a graph", list(graphs(Path.cwd())), nothing="enter opens the path", free=str)
        self.app.push_screen(picker, _if_given(self.app.open_named))

    # the text of the graph

    def edit_text(self) -> None:
        """Edit the whole graph in the user's own editor."""
        try:
            text = edited(self.app, self.document.text, ".json", self._line_of(self.node))
        except NoEditorError as error:
            self.app.tell(str(error), "warn")
            return
        self.attempt(lambda document: document.changed(text, "edit the text"))
        for problem in self.document.problems[:1]:
            self.app.tell(f"{problem}; E opens the text again, u takes the edit back", "error")

    def _line_of(self, node: str) -> int:
        from ..reading.positions import locate

        return locate(self.document.text, ("nodes", node))[0] if not self.document.problems else 1

    def copy(self, what: str) -> None:
        """Copy something of the node that is meant: node, seed, prompt, or the graph's command line."""
        text = self._copied(what)
        if text:
            self.app.copy_to_clipboard(text)
            self.app.notify(f"copied: {text.splitlines()[0][:60]}", markup=False)
        else:
            self.app.tell(f"there is no {what} here to copy", "warn")

    def _copied(self, what: str) -> str:
        document = self.document
        if what == "command":
            from ..graph import library

            return command_line(document, library())
        if what == "node":
            return node_text(document, self.node) if self.node in document.outline.items else ""
        ways = {"seed": ("seed",), "prompt": ("prompt",)}[what]
        names = [self.node, *document.outline.items]
        found = next((one for name in names if (one := first_of(self.form(name), *ways))), None)
        return found.text if found else ""


def _if_given(do: Callable[[T], None]) -> Callable[[T | None], None]:
    """What is done with the answer of a box, where there is one."""
    return lambda answer: None if answer is None else do(answer)


def _with_sweep(document: Document, asked: Asked) -> Document:
    graph, sweep = swept(document, asked.axes)
    return document.changed(edits.set_sweep(graph, sweep or None).text, "set the sweep")

"""Parameters: picked, written, copied from the user's editor, set on many nodes, made inputs of the graph."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial

from ...folders import state_folder
from ..dialogs.editor import NoEditorError, edited
from ..dialogs.history import Prompts
from ..dialogs.matching import Choice
from ..dialogs.picker import Picker
from ..dialogs.prose import Answer, Prose
from ..document import edits
from ..document.document import Document
from ..form.fields import Field
from ..form.kind import meant, shown, tokens
from ..form.taking import taken
from ..prompt import Prompt
from .copying import first_of
from .desk import if_given
from .offers import free_name
from .seeds import POLICIES, after
from .wiring import Wiring


class Values(Wiring):
    """Edits of parameters, each by the box that its type wants."""

    @cached_property
    def prompts(self) -> Prompts:
        """The prompts that were written before."""
        return Prompts(state_folder() / "tui" / "prompts.jsonl")

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
        self.app.push_screen(picker, if_given(partial(self.take, field)))

    def _pick_file(self, field: Field) -> None:
        from .files import files

        choices = list(files(self.document.path.parent, field.port.file or ()))
        picker = Picker(
            f"{field.node} · {field.name}", choices, field.text, nothing="enter takes what is typed", free=str
        )
        self.app.push_screen(picker, if_given(partial(self.take, field)))

    def write(self, field: Field, text: str | None = None) -> None:
        """Edit a field's text in a box, a prompt with the earlier ones at hand."""
        prompt = field.kind.way == "prompt"

        def wrong(text: str) -> str:
            try:
                meant(text, field.kind, field.port.limits)
            except ValueError as error:
                return str(error)
            return ""

        told: Callable[[str], str] = (lambda text: f"about {tokens(text)} tokens") if prompt else (lambda text: "")
        title = " · ".join(part for part in (field.node, field.name) if part)
        held = field.text if text is None else text
        earlier = self.prompts.texts if prompt else ()
        box = Prose(title, held, earlier, wrong, told, long=field.kind.way == "json")
        self.app.push_screen(box, if_given(partial(self._written, field)))

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
        names = [self.node, *self.outline.items, ""]
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

    def turn_seed(self, target: tuple[str, str]) -> None:
        """Let a seed's policy be the next one."""
        policy = after(self.app.store.policies.get(target, POLICIES[0]))
        self.app.store.policies = {**self.app.store.policies, target: policy}
        self.app.remember()
        self.app.main.show_node(self.app.store, self.inspector.node)
        self.app.tell(f"after each run: {target[1]} {policy}")

    def show_inputs(self) -> None:
        """Show the inputs of the graph in the form."""
        self.app.main.show_node(self.app.store, "")
        self.app.main.go("inspector")

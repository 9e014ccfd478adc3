"""Parts of the live panels: style, keys, the signing in of an officer, and messages of one line.

Nothing here comes from outside, and nothing is stored in the notebook: style and keys live in
widgets, whose state is not kept.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from recruitlib.base.audit import append_entry
from recruitlib.base.errors import ParameterError, RecruitError, describe_place
from recruitlib.base.officers import Signer, open_signer, read_officers
from recruitlib.base.record import LIVE_VARIABLE
from recruitlib.base.run import Stage
from recruitlib.base.views import is_live, show_text

_LONGEST = 1000  # characters of a message
OWN_LOGIN = (
    "ここにサインインできるのは、この PC にログインしている職員だけです。別の職員が確かめ、承認するときは、"
    "この画面を終え、ご本人の PC のログインで {command} を開いてください。"
)
# Text of 12 points and more; what has the focus is framed; the widest table fits 1366 pixels.
STYLE = """<style>
.rl-panel {--jp-widgets-font-size: 16px; --jp-widgets-inline-height: 34px; font-size: 16px;
  max-width: 1240px; padding: 4px; overflow: visible;}
.rl-panel .widget-button {width: auto; height: 36px; line-height: 30px; padding: 0 10px; margin: 1px;
  border: 2px solid #555; border-radius: 4px; background: #fff; color: #000;}
.rl-panel .widget-button:disabled {border-style: dashed; color: #555; opacity: 1;}
.rl-panel .rl-main {border-color: #0b3d91; font-weight: bold;}
.rl-panel .widget-hbox {flex-wrap: wrap; overflow: visible; gap: 4px 8px;}
.rl-panel .widget-label {width: auto; min-width: 0; margin-right: 6px; text-align: left;}
.rl-panel :focus-visible {outline: 3px solid #0b57d0 !important; outline-offset: 2px;}
.rl-panel .widget-html-content {font-size: 16px; line-height: 1.45; white-space: normal;}
.rl-panel .rl-message .widget-html-content {min-height: 1.6em; font-weight: bold;
  border-left: 6px solid #0b3d91; padding-left: 8px;}
.rl-panel h4 {font-size: 18px; margin: 4px 0;} .rl-panel p {margin: 2px 0;}
.rl-table {table-layout: fixed; width: 100%; border-collapse: collapse; font-size: 16px;
  color: #000; background: #fff; margin: 4px 0 12px;}
.rl-table th, .rl-table td {border: 1px solid #777; padding: 3px 6px; text-align: left;
  vertical-align: top; overflow-wrap: anywhere; overflow: hidden; white-space: pre-wrap;}
.rl-table tr > :first-child {width: 8.5em; background: #eee;}
.rl-differs {text-decoration: underline 2px; font-weight: bold;}
.rl-variant {text-decoration: underline dotted 2px; font-weight: bold;}
.rl-foot {position: sticky; bottom: 0; z-index: 3; background: #fff; border-top: 3px solid #0b3d91;
  overflow: visible;}
.rl-foot .rl-message {flex: 1 1 0; width: auto; min-width: 0;}
.rl-panel .widget-text, .rl-panel .widget-dropdown {width: 230px;}
.rl-panel .widget-select-multiple {width: 200px;}
.jp-OutputArea-output:has(.rl-foot), .jp-OutputArea-child:has(.rl-foot),
.jp-OutputArea:has(.rl-foot), .jp-Cell-outputWrapper:has(.rl-foot),
.jp-Cell:has(.rl-foot) {overflow: visible !important; contain: none !important;}
.rl-panel .widget-vbox > .widget-button {align-self: flex-start;}
.rl-panel .widget-checkbox {width: auto; height: auto; max-width: 100%;}
.rl-panel .widget-checkbox .widget-label-basic {width: auto; white-space: normal; line-height: 1.5;}
.rl-panel input[type=checkbox] {width: 20px; height: 20px;}
.rl-words {font-size: 16px; border-top: 1px dotted #777;} .rl-doubt {font-weight: bold;}
</style>"""

# A button whose text begins with a digit is pressed by that digit, unless somebody is typing. Keys
# of the panel do not reach JupyterLab, whose x or d would cut the cell; Ctrl+S and the like do.
KEYS = """
const begin = (left) => {
  const panel = element.closest('.rl-panel');
  if (!panel) { if (left) { setTimeout(() => begin(left - 1), 50); } return; }
  if (panel.dataset.keys) { return; }
  panel.dataset.keys = 'ready';
  panel.tabIndex = -1;
  panel.querySelectorAll('.rl-message').forEach((own) => {
    own.setAttribute('role', 'status'); own.setAttribute('aria-live', 'polite');
  });
  panel.setAttribute('role', 'region');
  let inside = false;
  document.addEventListener('focusin', (event) => { inside = panel.contains(event.target); });
  const keep = () => {
    if (inside && document.activeElement === document.body) { panel.focus({preventScroll: true}); }
  };
  new MutationObserver(() => setTimeout(keep, 0)).observe(
    panel, {subtree: true, childList: true, attributes: true, attributeFilter: ['disabled', 'style']});
  const show = () => { if (inside) { panel.scrollIntoView({block: 'start'}); } };
  panel.querySelectorAll('.rl-page').forEach((own) => {
    new MutationObserver(() => setTimeout(show, 0)).observe(own, {subtree: true, childList: true});
  });
  const owns = (target) => panel.contains(target) || (inside && target === document.body);
  window.addEventListener('keydown', (event) => {
    if (!owns(event.target) || event.ctrlKey || event.altKey || event.metaKey) { return; }
    if (event.key === 'Tab') { return; }
    event.stopImmediatePropagation();
    const typing = event.target.matches('textarea, input:not([type=checkbox])');
    if (typing || event.isComposing || event.repeat || event.key === 'Process') { return; }
    const digit = event.key.normalize('NFKC');
    if (!/^[0-9]$/.test(digit)) { return; }
    event.preventDefault();
    const named = [...panel.querySelectorAll('button')].find(
      (own) => !own.disabled && own.offsetParent && own.textContent.trim().startsWith(digit + ' '));
    if (named) { named.focus(); named.click(); }
  }, true);
  panel.addEventListener('click', (event) => {
    if (event.detail > 1 && event.target.closest('button')) {
      event.preventDefault(); event.stopImmediatePropagation();
    }
  }, true);
};
begin(200);
"""


def is_session() -> bool:
    """Whether this is a session of ``recruitlib review``, which alone is searched when it has ended."""
    return is_live() and LIVE_VARIABLE in os.environ


def name_command(stage: Stage) -> str:
    """Name the command that opens such a session of a run, as an officer types it."""
    return f"recruitlib review params/{stage.parameters['run_id']}.yaml"


def make_keys() -> Any:
    """Make the widget that brings the keys of a panel: it runs in the page and shows nothing."""
    import ipywidgets

    script = {
        "output_type": "display_data",
        "data": {"application/javascript": KEYS},
        "metadata": {},
    }
    return ipywidgets.Output(outputs=(script,))


def make_button(words: str, name: str, press: Callable[[], None]) -> Any:
    """Make a button that is found by its class, in pages and in tests.

    Args:
        words: what stands on it; a digit in front is its key.
        name: the class, without the prefix.
        press: called without arguments.
    """
    import ipywidgets

    button = ipywidgets.Button(description=words)
    button.add_class(f"rl-{name}")
    button.on_click(lambda _: press())
    return button


class Message:
    """One line that says what was done, or why not."""

    def __init__(self) -> None:
        import ipywidgets

        self.widget = ipywidgets.HTML("")
        self.widget.add_class("rl-message")

    def say(self, words: str) -> None:
        """Say one line."""
        self.widget.value = show_text(words, _LONGEST) if words else ""

    def attempt(self, act: Callable[[], str]) -> bool:
        """Do something and say what came of it; an error is one line without anybody's value.

        A button's own handler would swallow an error, so that the officer saw nothing at all.

        Returns:
            whether it was done.
        """
        try:
            self.say(act())
        except RecruitError as error:
            self.say(f"できません: {error}")
        except Exception as error:
            self.say(
                f"予期しない誤りです: {describe_place(error)}。もう一度試し、続くときは管理者に知らせてください。"
            )
        else:
            return True
        return False


class SignIn:
    """Signing in and out of one officer; the opened key stays in memory only."""

    def __init__(
        self, stage: Stage, message: Message, change: Callable[[], None], event: str
    ) -> None:
        """Make the fields.

        Args:
            stage: notebook 03.
            message: where to say what came of it.
            change: called whenever somebody has signed in or out.
            event: what the record says when somebody has signed in.
        """
        import ipywidgets

        self.signer: Signer | None = None
        self._stage, self._message, self._change, self._event = stage, message, change, event
        self._staff = ipywidgets.Text(description="職員番号", continuous_update=False)
        self._secret = ipywidgets.Password(description="合言葉", continuous_update=False)
        self._staff.add_class("rl-staff-id")
        self._secret.add_class("rl-passphrase")
        self._enter = make_button("サインイン", "sign-in", self._press_in)
        self._leave = make_button("サインアウト", "sign-out", self.sign_out)
        self._who = ipywidgets.HTML("")
        self._who.add_class("rl-who")
        # One login may stand for both officers in demonstrations only.
        told = "" if stage.demonstration else OWN_LOGIN.format(command=name_command(stage))
        self._hint = ipywidgets.HTML(f"<p>{show_text(told)}</p>" if told else "")
        self._hint.add_class("rl-hint")
        self.widget = ipywidgets.HBox([])
        self._show()

    def _press_in(self) -> None:
        self._message.say("合言葉を確かめています。数秒かかります。")
        self._message.attempt(self.sign_in)

    def sign_in(self) -> str:
        """Open the officer's key with the passphrase, which is cleared from its field at once."""
        staff_id, passphrase = self._staff.value.strip(), self._secret.value
        self._secret.value = ""
        self.signer = None
        stage = self._stage
        try:
            signer = open_signer(stage.root, stage.demonstration, staff_id, passphrase)
        except ParameterError:
            # Whatever else was typed in its place may be anything, even a person's name.
            listed = staff_id in read_officers(stage.root, stage.demonstration)
            by = staff_id if listed else ""
            append_entry(stage.folder, stage.number, "sign_in_refused", by=by)
            raise
        append_entry(stage.folder, stage.number, self._event, by=signer.officer.staff_id)
        self.signer = signer
        self._show()
        self._change()
        return f"{staff_id} さんがサインインしました。"

    def sign_out(self) -> None:
        """Forget the officer's key and clear what was shown."""
        self.signer = None
        self._staff.value = self._secret.value = ""
        self._show()
        self._message.say("サインアウトしました。")
        self._change()

    def _show(self) -> None:
        if self.signer is None:
            hint = [self._hint] if self._hint.value else []
            self.widget.children = [self._staff, self._secret, self._enter, *hint]
        else:
            officer = self.signer.officer
            self._who.value = f"{show_text(officer.staff_id)}（{show_text(officer.title)}）"
            self.widget.children = [self._who, self._leave]

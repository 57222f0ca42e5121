"""What happens below the picture."""

from dataclasses import replace

import ipywidgets
import pytest

from explorekit.explorer import explore
from explorekit.explorer.tools import Tool, Toolbar


class Words(ipywidgets.HTML):
    """A body that says where the explorer is, and how often it was told."""

    def __init__(self, explorer):
        super().__init__("")
        self._explorer = explorer
        self.told = 0

    def follow(self):
        self.told += 1
        self.value = str(self._explorer.view.index("tau_ref"))


def toolbar(explorer, body=Words, **options):
    explorer.tools.close()
    explorer.tools = Toolbar(explorer, [Tool("Words", "comment", "Says where it is", body, **options)])
    return explorer.tools


def test_a_tool_is_made_when_it_is_opened_and_follows_while_it_is_open(results):
    explorer = explore(results, "V", I=0.5)
    bar = toolbar(explorer)
    assert not bar.bodies
    bar.buttons["Words"].value = True
    body = bar.bodies["Words"]
    assert body in bar.frames["Words"].children
    assert bar.frames["Words"] in bar.children
    assert body.value == "0"
    explorer.controls["tau_ref"].value = 7.5
    assert body.value == "1"
    bar.buttons["Words"].value = False
    assert bar.frames["Words"] not in bar.children
    told = body.told
    explorer.controls["tau_ref"].value = 10.0
    assert body.told == told
    bar.buttons["Words"].value = True
    assert bar.bodies["Words"] is body
    assert body.value == "2"


def test_open_tools_stand_in_frames_that_their_own_button_closes(results):
    bar = explore(results, "V", I=0.5).tools
    for name in ("Keys", "Scale"):
        bar.buttons[name].value = True
    frames = [bar.frames["Scale"], bar.frames["Keys"]]
    assert list(bar.children[-2:]) == frames
    heads = [frame.children[0].children[0].value for frame in frames]
    assert heads == ["Scale", "Keys"]
    frames[0].shut.click()
    assert not bar.buttons["Scale"].value
    assert bar.children[-1] is frames[1]
    assert frames[0] not in bar.children


def test_a_tool_that_cannot_be_opened_says_why(results):
    def broken(_explorer):
        raise OSError("no room for <it>")

    bar = toolbar(explore(results), broken)
    bar.buttons["Words"].value = True
    assert "no room for &lt;it&gt;" in bar.bodies["Words"].value


def test_a_tool_is_offered_where_it_makes_sense(results):
    bar = toolbar(explore(results), offered=lambda explorer: explorer.view.variable == "status")
    assert not bar.buttons


def test_showing_a_view_turns_the_controls(results):
    explorer = explore(results, "V", I=0.5)
    frames = []
    explorer.on_shown(lambda: frames.append(explorer.view))
    explorer.show(replace(explorer.view, variable="rate", x="I", y=None, selection={"tau_ref": 99}))
    assert explorer.controls["tau_ref"].value == 10.0
    assert explorer.variable_chooser.value == "rate"
    assert frames == [explorer.view]


def test_a_view_of_what_is_not_there_is_refused(results):
    explorer = explore(results, "V", I=0.5)
    before = explorer.view
    with pytest.raises(ValueError, match="did you mean 'rate'"):
        explorer.show(replace(before, variable="rat"))
    with pytest.raises(ValueError, match="did you mean 'tau_ref'"):
        explorer.show(replace(before, selection={"tau_re": 1}))
    assert explorer.view == before


def test_every_key_of_the_picture_is_listed(results):
    explorer = explore(results)
    explorer.tools.buttons["Keys"].value = True

    words = explorer.tools.bodies["Keys"].value
    for key in ("Tab", "Page up", "Home", "arrow keys", "Shift and an arrow", "+ −", "Esc"):
        assert key in words

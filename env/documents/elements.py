"""HTML elements by what they mean for text. Knows names only."""

_BLOCK_NAMES = (
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset"
    " figcaption figure footer form frameset header hgroup hr html legend li main menu nav ol"
    " optgroup option p pre section summary table tr ul"
)
BLOCKS = frozenset(_BLOCK_NAMES.split())
HEADINGS = frozenset(f"h{level}" for level in range(1, 7))
_SKIPPED_NAMES = (
    "annotation annotation-xml applet area audio base canvas col colgroup datalist embed frame head"
    " iframe input link map meta meter noembed noframes noscript object param progress script"
    " select source style svg template textarea title track video"
)
SKIPPED = frozenset(_SKIPPED_NAMES.split())
"""Elements whose content is never text of the page."""

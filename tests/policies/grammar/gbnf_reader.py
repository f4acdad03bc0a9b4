"""A reader of GBNF grammars, as llama.cpp documents them: enough to test what is written."""

import re

_TOKEN = re.compile(
    r'\s*(?:(?P<name>[a-zA-Z][a-zA-Z0-9-]*)|(?P<text>"(?:\\.|[^"\\])*")|(?P<set>\[(?:\\.|[^\]\\])*\])'
    r"|(?P<sign>[|()?*+]))"
)
_ESCAPE = re.compile(r'\\(?:x([0-9A-F]{2})|u([0-9A-F]{4})|U([0-9A-F]{8})|([nrt"\\\[\]]))')
_PLAIN = {"n": "\n", "r": "\r", "t": "\t"}


def _one(match):
    code = match[1] or match[2] or match[3]
    return chr(int(code, 16)) if code else _PLAIN.get(match[4], match[4])


class Grammar:
    """Matches a text by following all ways at once; each rule is tried once at each place."""

    def __init__(self, text):
        self.rules = {}
        for line in text.rstrip("\n").split("\n"):
            name, body = line.split(" ::= ", 1)
            assert re.fullmatch(r"[a-z][a-z0-9-]*", name), name
            assert name not in self.rules, name
            self.rules[name] = self._read(body)

    def matches(self, text):
        self._text, self._known = text, {}
        return len(text) in self._ends(("rule", "root"), 0)

    def _read(self, body):
        tokens, at = [], 0
        while at < len(body):
            match = _TOKEN.match(body, at)
            assert match, body[at : at + 40]
            tokens.append((match.lastgroup, match[match.lastgroup]))
            at = match.end()
        tree, rest = self._either(tokens)
        assert not rest, rest
        return tree

    def _either(self, tokens):
        ways, way = [], []
        while tokens and tokens[0] != ("sign", ")"):
            (kind, value), tokens = tokens[0], tokens[1:]
            if (kind, value) == ("sign", "|"):
                ways.append(way)
                way = []
            elif (kind, value) == ("sign", "("):
                inner, tokens = self._either(tokens)
                assert tokens[0] == ("sign", ")")
                tokens = tokens[1:]
                way.append(inner)
            elif kind == "sign":
                way[-1] = (value, way[-1])
            elif kind == "name":
                way.append(("rule", value))
            elif kind == "text":
                way.append(("text", _ESCAPE.sub(_one, value[1:-1])))
            else:
                way.append(("set", re.compile(_as_set(value))))
        return ("either", [*ways, way]), tokens

    def _ends(self, node, start):
        kind, value = node
        if kind == "text":
            return {start + len(value)} if self._text.startswith(value, start) else set()
        if kind == "set":
            found = start < len(self._text) and value.fullmatch(self._text[start])
            return {start + 1} if found else set()
        if kind == "either":
            return set().union(*(self._way(way, start) for way in value))
        if kind == "rule":
            if (value, start) not in self._known:
                self._known[value, start] = self._ends(self.rules[value], start)
            return self._known[value, start]
        once = self._ends(value, start)
        if kind == "?":
            return once | {start}
        ends, new = set(once), set(once)
        while new:
            new = set().union(*(self._ends(value, end) for end in new)) - ends
            ends |= new
        return ends | ({start} if kind == "*" else set())

    def _way(self, way, start):
        ends = {start}
        for node in way:
            ends = set().union(*(self._ends(node, end) for end in ends))
        return ends


def _as_set(text):
    """Write a GBNF set as one of `re`."""
    body, out, at = text[1:-1], "", 0
    negated = body.startswith("^")
    body = body[negated:]
    while at < len(body):
        match = _ESCAPE.match(body, at)
        one, size = (_one(match), match.end() - at) if match else (body[at], 1)
        out += "-" if one == "-" and not match else f"\\U{ord(one):08x}"
        at += size
    return f"(?s:[{'^' * negated}{out}])"

"""Writes tests/fixtures/python/expressions.txt: expressions of Python and what CPython 3.11 prints for them.

    python3.11 tests/tools/python_expressions.py > tests/fixtures/python/expressions.txt

Each line has an expression, a tab, and the `repr` of its value, or the name of the exception it raises.
"""

import itertools
import random
import re
import string
from collections import Counter, OrderedDict, defaultdict
from functools import partial, reduce

EXPRESSIONS = r'''
7 // 2, -7 // 2, 7 // -2, 7 % -3, -7 % 3, 7.5 // 2, -7.5 // 2, -7.5 % 2, 7.5 % -2, 2 ** 10, 2 ** -1, 2.5 ** 2
1 / 3, 10 / 5, 1e16, 1e15, 1.5e-5, 0.1 + 0.2, 100.0, -0.0, 1 - 0.9
round(2.5), round(3.5), round(-2.5), round(2.675, 2), round(1.005, 2), round(1234.5678, 1), round(7), round(0.5)
int("12"), int(" -3 "), int("1_000"), int(3.9), int(-3.9), int("ff", 16), int(True)
int("3.5")
int("")
float("1e3"), float(" .5 "), float("inf"), float("-nan") != 0, float("1_0.5")
float("x")
bool([]), bool([0]), bool(""), bool(" "), bool(0.0), bool({}), bool(set()), not None
1 < 2 < 3, 1 < 2 > 3, 1 == 1.0, True == 1, "a" < "b", [1, 2] < [1, 3], (1, 2) < (1, 2, 0), "B" < "a"
"a" < 1
None < 1
1 in [1.0], "b" in "abc", "" in "abc", 3 in range(5), "x" not in {"x": 1}, (1, 2) in [(1, 2)]
[1, 2, 3][-1], [1, 2, 3][0:2], [1, 2, 3][::-1], [1, 2, 3][::2], [1, 2, 3][5:], [1, 2, 3][-2:], "abcdef"[1:4], "abcdef"[::-1], "abcdef"[-3:-1], "abcdef"[4:1], "abcdef"[4:1:-1], "héllo"[1], "héllo"[1:3], (1, 2, 3)[1:]
[1][3]
{"a": 1}["b"]
"abc"[10]
[*range(3), 9], {**{"a": 1}, "b": 2}, (*[1], 2), [1] * 3, "ab" * 2, [1] + [2]
"a,b,,c".split(","), "a b  c ".split(), "a b  c ".split(" "), " a b c".split(None, 1), "a-b-c".split("-", 1), "a-b-c".rsplit("-", 1), " a b c ".rsplit(None, 1), "".split(), "".split(",")
"a\nb\r\nc\x0bd\u2028e".splitlines(), "a\nb\n".splitlines(True), "".splitlines()
"abc".partition("b"), "abc".rpartition("x"), "abc".partition("x"), "a=b=c".rpartition("=")
"  x ".strip(), "xxaxx".strip("x"), "xyaxy".lstrip("xy"), "a\x1c".strip(), "\u3000a\u00a0".strip(), "abc".rstrip("bc")
"Straße".upper(), "ÉLAN".lower(), "hello WORLD".capitalize(), "hello world's".title(), "ΑΣ".lower(), "ßa".capitalize()
"a.b.c".replace(".", "-"), "aaa".replace("a", "b", 2), "abc".replace("", "-"), "x".replace("y", "z")
"abcabc".find("c"), "abcabc".rfind("c"), "abcabc".find("z"), "abcabc".index("b"), "abcabc".count("bc"), "héllo".find("l"), "abcabc".find("c", 3), "abcabc".find("a", -2), "aaaa".count("aa"), "abc".count("")
"abc".index("z")
"abc".startswith(("x", "ab")), "abc".endswith("bc"), "abc".startswith(""), "abc".removeprefix("a"), "abc".removesuffix("bc")
"12".isdigit(), "1a".isdigit(), "".isdigit(), "ab".isalpha(), "a1".isalnum(), " \t".isspace(), "AB".isupper(), "Ab".isupper(), "ab1".islower(), "é".isalpha(), "की".isalpha()
"-".join(["a", "b"]), "".join(str(i) for i in range(3)), ", ".join({"x": 1, "y": 2})
"-".join([1])
"{} {}".format(1, "a"), "{1}{0}".format("a", "b"), "{x:>5}|{y:<4}|{z:^5}".format(x=1, y="b", z="c"), "{:.2f} {:d} {:05d} {:,}".format(3.14159, 7, 42, 1234567), "{{}}".format(), "{!r}".format("a"), "{0[a]}".format({"a": 5}), "{:%}".format(0.25), "{:+d}".format(3), "{:e}".format(12345.678), "{:g} {:g} {:g}".format(0.00001, 123456789.0, 1.5), "{:x} {:b}".format(255, 5)
"{}".format()
"{a}".format(b=1)
f"{1 + 1} {'a'!r} {3.14159:.2f} {7:>4}|{'x':<3}|{1234567.891:,.1f}", f"{[1, 'a']}", f"{{}}", f"{2 > 1}", f"{'a' 'b'}", f"{3.0}", f"{None}", f"{1:03d}{-5:4d}"
"%s %d %.2f %5s|%-5s|%r %%" % ("a", 3, 2.5, "b", "c", "d"), "%s" % [1], "%d" % 3.7, "%05d" % 42, "%s and %s" % (1, 2)
"%s %s" % ("a",)
"a\tb\\n\x41\u00e9\101", r"\d\n", "it's", 'say "hi"', "both ' and \"", "\x00\x7f", "\u200b"
[x * 2 for x in range(5) if x % 2], {x: y for x, y in zip("ab", [1, 2])}, {x for x in [1]}, [(x, y) for x in range(2) for y in range(x + 1)], sum(x for x in range(5)), [[j for j in range(i)] for i in range(3)]
list(zip([1, 2, 3], "ab")), list(enumerate("ab", 1)), list(map(lambda x: x + 1, [1, 2])), list(filter(None, [0, 1, "", "a"])), list(reversed([1, 2])), list(range(5, 0, -2)), list(range(0)), list(map(max, [1, 5], [3, 2]))
sorted([3, 1, 2]), sorted("bac", reverse=True), sorted([(1, "b"), (0, "z"), (1, "a")], key=lambda p: p[0]), sorted([1, 2, 3], key=lambda x: x % 2, reverse=True), sorted({"b": 1, "a": 2}), sorted({3, 1, 2}), sorted(["B", "a", "C"], key=str.lower)
sorted([1, "a"])
min(3, 1), max([1, 5, 2]), max("abc", key=lambda c: -ord(c)), min([], default=7), sum([0.1] * 10), sum([[1], [2]], []), any([]), all([]), abs(-3), abs(-2.5), divmod(-7, 2), pow(2, 5), max([1, 1.0]), min("b", "a")
max([])
chr(65), ord("é"), chr(8364), len("héllo"), len({}), len({1, 2}), str(1.0), str(None), str([1, "a"]), repr("a"), str((1,)), str({"a": (1, 2)}), str(True), repr(1e-7)
isinstance(1, int), isinstance(True, int), isinstance("a", (int, str)), isinstance([], list), isinstance({}, dict), isinstance(1.0, int), isinstance((), tuple), type(1) == int, type("a") is str, type([]) == list
[1, 2, 3].index(2), [1, 2, 1].count(1), (1, 2).index(2), [1, 2] == [1, 2], {"a": 1, "b": 2} == {"b": 2, "a": 1}, {1, 2} == {2, 1}, [1] is None, (1, [2]) == (1, [2])
[1].index(5)
dict(a=1, b=2), dict([("x", 1)]), {"a": 1}.get("b"), {"a": 1}.get("b", 0), list({"a": 1}.items()), list({"a": 1, "b": 2}.keys()), list({"a": 1}.values()), {"a": 1, "a": 2}, {1: "x", True: "y"}, {"a": 1} | {"b": 2}, dict.fromkeys("ab", 0)
{1, 2} & {2, 3} == {2}, {1} | {2} == {1, 2}, {1, 2} - {2}, {1} ^ {1}, {1} <= {1, 2}, {1, 2}.issubset([1, 2, 3]), set() == set([]), {1}.union([1], (1,)), {3}.isdisjoint({4})
Counter("abca").most_common(2), (Counter("aab") & Counter("ab"))["a"], sum((Counter([1, 1, 2]) & Counter([1, 2, 2])).values()), Counter("ab")["z"], dict(Counter("bab"))
reduce(lambda a, b: a * b, [1, 2, 3, 4], 1), partial(lambda a, b: a - b, 10)(3), partial(int, base=2)("101")
list(itertools.chain([1], (2, 3))), list(itertools.chain.from_iterable([[1], [2]])), list(itertools.product([1, 2], "ab")), list(itertools.combinations([1, 2, 3], 2)), list(itertools.permutations([1, 2], 2)), list(itertools.islice(range(10), 2, 8, 3)), list(itertools.zip_longest([1], [2, 3]))
re.sub(r"\s+", " ", "a  b\n c"), re.sub(r"(\w)(\d)", r"\2\1", "a1 b2"), re.sub("a", "b", "aaa", 2), re.sub(r"\.$", "", "1.\n"), re.sub(r"\[.*?\]", "", "a[b]c[d]"), re.sub(r"(?P<x>\d)", r"<\g<x>>", "a1"), re.sub("x*", "-", "abxd"), re.sub(r"\b(a|an|the)\b", " ", "the cat an a")
re.sub(r"\d+", lambda m: str(int(m.group()) + 1), "a9 b10"), re.subn("a", "b", "aa")
re.findall(r"\d+", "a1b22"), re.findall(r"(\w)(\d)", "a1b2"), re.findall(r"(a)|b", "ab"), re.findall("", "ab"), re.findall(r"[A-D]", "A B e D"), re.findall(r"(?i)ab", "AB ab"), re.findall(r"^\w", "a\nb", re.M), re.findall(r"a.b", "a\nb", flags=re.DOTALL), re.findall(r"\((\w)\)", "(A) (B)")
re.split(r"[,;]\s*", "a, b;c"), re.split(r"(,)", "a,b"), re.split(r"\s", "a b c", maxsplit=1), re.split(r"x*", "axb"), re.split(r"(?<=[.!?])\s", "A b. C d! E")
re.match(r"(\d+)-(\d+)", "12-34x").groups(), re.match("b", "ab") is None, re.search("b", "ab").start(), re.search(r"é(.)", "aéb").span(1), re.fullmatch(r"\d", "12") is None, re.fullmatch(r"a|ab", "ab").group(), re.search(r"(a)(b)?", "a").groups(), re.search(r"(?P<n>\d)", "x5").groupdict(), re.search(r"(\d)(\d)", "12").group(2, 1), re.match(r"a|b", "b")[0]
re.escape("a.b*c d-é"), re.compile(r"A", re.IGNORECASE).findall("aA"), re.compile("(?P<k>a)").search("ba").end(), [m.group() for m in re.finditer(r"\w", "ab")]
re.findall(r"\w+", "हिन्दी का naïve"), re.findall(r"\d", "1٢"), re.findall(r"\s", "a\x1cb\u00a0c"), re.sub(r"[^\w\s]", "", "a,b! é-ü"), re.split(r"\W+", "a, b"), re.sub(r"[\W_]+", "-", "a_b c"), re.findall(r"\bका\b", "का काम"), re.findall(r"[\w']+", "it's é")
random.Random(42).sample(range(10), 3), random.Random(1).randint(1, 6), random.Random(0).choice("abc"), random.Random("seed").random(), random.Random(3).choices([1, 2, 3], k=4), random.Random(5).uniform(1, 2), random.Random(9).randrange(5), random.Random(7).random()
string.ascii_uppercase[:3], string.punctuation, string.digits, string.ascii_letters[25:28]
"a,b.c!".translate(str.maketrans("", "", string.punctuation)), "abc".translate(str.maketrans("ab", "xy")), "abc".translate(str.maketrans({"a": "1", "b": None}))
"5".zfill(3), "-5".zfill(4), "a".center(4, "*"), "ab".center(5), "a".ljust(3) + "|", "a".rjust(3)
(lambda *a, **k: (a, k))(1, 2, x=3), (lambda a, b=2, *c: (a, b, c))(1), (lambda x: x)(x=5)
next((x for x in [1, 2, 3] if x > 1), None), next(iter([]), "none"), [x for x in (y for y in "ab")]
"a" if [] else "b", 0 or "x", "" and 1, 1 and 2, None or [] or "z", not 0 and 1
(1, 2) + (3,), (1,) * 2, (), (1,), [[]], {}, {"a": [1, {"b": None}]}
-5 % 3 * 2 + 1 << 2, ~5, 6 & 3, 6 | 1, 6 ^ 3, 1 << 4, -1 >> 1, 2 ** 3 ** 2, -2 ** 2
1 // 0
1.0 % 0
[].pop()
{}.popitem()
'''


def answer(line):
    try:
        return repr(eval(line))
    except Exception as error:
        return type(error).__name__


for line in EXPRESSIONS.strip().split("\n"):
    print(f"{line}\t{answer(line)}")

//! Templates: what they give, and what they may cost.

use super::*;

fn render(source: &str) -> Result<String, String> {
    let document = Value::Map(vec![("text".into(), "a b c".into()), ("list".into(), Value::List(vec![1.into(); 3]))]);
    Template::new(source)?.render(&document)
}

/// `{% for %}` within `{% for %}`, each of as many turns as a range has.
fn looped(setup: &str, inner: &str) -> String {
    format!(
        "{{% set ns = namespace(x='ab', y=[], n=0) %}}{setup}{{% for i in range(100000) %}}{{% for j in range(100000) %}}\
         {inner}{{% endfor %}}{{% endfor %}}"
    )
}

// What jinja2 3.1.6 makes of the same.
#[test]
fn filters_see_numbers_and_signs_as_python_does() {
    let document = Value::Map(vec![
        ("x".into(), Value::Float(1e-5)),
        ("xs".into(), Value::List(vec![Value::Float(1e16), Value::Float(1e-5), Value::Int(3), Value::Bool(true)])),
        ("html".into(), "<b>&\"'</b>".into()),
        ("of".into(), Value::List(vec![Value::Map(vec![("n".into(), Value::Float(2.0))])])),
    ]);
    let render = |source: &str| Template::new(source).and_then(|template| template.render(&document));
    for (source, wanted) in [
        ("{{ xs | join(',') }}", "1e+16,1e-05,3,True"),
        ("{{ xs | join }}", "1e+161e-053True"),
        ("{{ of | join('', attribute='n') }}", "2.0"),
        ("{{ x | trim }} {{ x | e }} {{ x | replace('e', 'E') }}", "1e-05 1e-05 1E-05"),
        ("{{ 'aXbXc' | replace('X', '-', 1) }} {{ '--a-' | trim('-') }}", "a-bXc a"),
        ("{{ 55 | replace(5, 6) }} {{ 55 | replace(5, 6, 1) }} {{ 5 | trim }}", "66 65 5"),
        ("{{ [{'a': 1}, {'a': 2}] | join('+', 'a') }}", "1+2"),
        ("{{ html | e }}", "&lt;b&gt;&amp;&#34;&#39;&lt;/b&gt;"),
    ] {
        assert_eq!(render(source).as_deref(), Ok(wanted), "{source}");
    }
    assert!(render("{{ 'a' ~ x }}").unwrap_err().contains("| string"));
}

#[test]
fn no_template_takes_more_than_its_steps() {
    let grows = [
        "ns.x ~ ns.x",
        "ns.x + ns.x",
        "ns.x * 2",
        "ns.x.replace('a', 'aa')",
        "ns.x | replace('a', 'aa')",
        "ns.x.join([ns.x, ns.x])",
        "[ns.x, ns.x] | join(ns.x)",
        "ns.x | indent(1000000000)",
        "'%s%s' | format(ns.x, ns.x)",
        "ns.x | regex_replace('', ns.x)",
        "(ns.x | list) * 100000",
        "[ns.x, ns.x] | string",
        "[ns.x, ns.x] | tojson",
        "ns.x.split('b') | join(ns.x)",
        "ns.x | center(1000000000)",
        "ns.x | batch(1000000000) | list",
    ];
    for expression in grows {
        let failed = render(&looped("", &format!("{{% set ns.x = {expression} %}}")));
        assert!(failed.is_err(), "{expression}");
    }
    let costly = [
        "'x' * 10000000000",
        "[1] * 10000000000",
        "range(10000000000)",
        "range(-9223372036854775807, 9223372036854775807)",
        "text.center(10000000000)",
        "text | indent(10000000000)",
        "[[1]] | tojson(indent=10000000000)",
        "'%10000000000d' | format(1)",
        "2 ** 2 ** 2 ** 2 ** 2 ** 2 ** 2",
        "range(99999) | map('string') | join('x' * 1000)",
    ];
    for expression in costly {
        let _ = render(&format!("{{{{ {expression} }}}}"));
    }
    assert!(render("{{ 'x' * 10000000000 }}").unwrap_err().contains("template-steps"));
    assert!(render(&looped("", "")).unwrap_err().contains("--bound template-steps=NUMBER"));
    assert!(render(&looped("", "x")).is_err() && render(&looped("", "{{ ns.x }}")).is_err());
    assert!(render("{% macro m(n) %}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}").is_err());
}

#[test]
fn no_nesting_overflows_the_stack() {
    for inner in [
        "{% set ns.y = [ns.y] %}",
        "{% set ns.y = {'a': ns.y} %}",
        "{% set ns.y = (ns.y, 1) %}",
        "{% set ns.y = [ns.y] + [1] %}",
        "{% set ns.y = ns.y | list | reverse %}",
        "{% set ns.y = [ns.y, ns.y] %}",
    ] {
        assert!(render(&looped("", inner)).is_err(), "{inner}");
    }
    for end in [
        "",
        "{{ ns.y }}",
        "{{ ns.y ~ 'x' }}",
        "{{ ns.y == [ns.y] }}",
        "{{ ns.y | tojson }}",
        "{{ ns.y | string }}",
        "{{ [ns.y].index(ns.y) }}",
        "{{ [ns.y, ns.y] | unique }}",
        "{{ [ns.y, [ns.y]] | sort }}",
        "{{ {ns.y: 1} }}",
        "{{ ns.y in [[ns.y]] }}",
        "{{ [ns.y] | max }}",
    ] {
        let deep = "{% for i in range(90000) %}{% set ns.y = [ns.y] %}{% endfor %}";
        let _ = render(&format!("{{% set ns = namespace(y=[]) %}}{deep}{end}"));
    }
    for depth in [500, 20_000] {
        for (open, close) in
            [("(", ")"), ("[", "]"), ("not ", ""), ("-", ""), ("{'a':", "}"), ("1 if 1 else ", ""), ("[1][", "]")]
        {
            let _ = render(&format!("{{{{ {}1{} }}}}", open.repeat(depth), close.repeat(depth)));
        }
        for step in [" + 1", ".a", "[0]", " | string", "()", " and 1", " ** 1", " if 1", " == 1", " is defined"] {
            let _ = render(&format!("{{{{ 1{} }}}}", step.repeat(depth)));
        }
        for (open, close) in
            [("{% if 1 %}", "{% endif %}"), ("{% for i in [1] %}", "{% endfor %}"), ("{% set x %}", "{% endset %}")]
        {
            let _ = render(&format!("{}{}", open.repeat(depth), close.repeat(depth)));
        }
        let _ = render(&format!("{{% if 1 %}}{}{{% endif %}}", "{% elif 1 %}".repeat(depth)));
    }
    let _ = render(&format!("{{{{ 1{} }}}}", " ~ 1".repeat(2_000)));
    assert!(render(&"x".repeat(Bound::TemplateBytes.size() + 1)).unwrap_err().contains("template-bytes"));
}

#[test]
fn lists_that_hold_one_another_twice_each_end_in_a_sentence() {
    let set = "{% set ns = namespace(y=[]) %}{% for i in range(60) %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}";
    for end in ["{{ ns.y }}", "{{ ns.y | tojson }}", "{{ ns.y | string }}", "{{ [ns.y].index(ns.y) }}"] {
        assert!(render(&format!("{set}{end}")).is_err(), "{end}");
    }
    let template = Template::new(&format!("{set}{{{{ ns.y ~ 'x' }}}}")).expect("a template");
    let late = rendered_within(&template.environment, NAME, Jinja::from(()), Duration::from_millis(100));
    assert!(late.expect_err("it does not end").contains("--bound template-seconds=NUMBER"));
}

#[test]
fn text_is_taken_apart_as_python_does_it() {
    let cases = [
        ("{{ 'a,b,c'.split(',', maxsplit=1) }}", "['a', 'b,c']"),
        ("{{ 'a b  c'.split(maxsplit=1) }}", "['a', 'b  c']"),
        ("{{ 'a b  c'.split(none) }}", "['a', 'b', 'c']"),
        ("{{ 'a,b,c'.rsplit(sep=',', maxsplit=1) }}", "['a,b', 'c']"),
        ("{{ 'a\\rb\x0bc\\r\\nd\\n'.splitlines() }}", "['a', 'b', 'c', 'd']"),
        ("{{ 'a\\r\\nb'.splitlines(keepends=true) }}", "['a\\r\\n', 'b']"),
        ("{{ {'b':1,'A':2} | dictsort }}", "[('A', 2), ('b', 1)]"),
        ("{% for a, b in {'b':1,'A':2} | dictsort(by='value') %}{{ a }}{{ b }}{% endfor %}", "b1A2"),
        (
            "{{ [{'k':1,'v':'x'},{'k':0,'v':'y'}] | groupby('k') }}",
            "[(0, [{'k': 0, 'v': 'y'}]), (1, [{'k': 1, 'v': 'x'}])]",
        ),
        ("{% for g in [{'k':1}] | groupby('k') %}{{ g.grouper }}{{ g.list | length }}{{ g[0] }}{% endfor %}", "111"),
        ("{{ 'a\\n\\nb\\n' | indent(2, true) }}|", "  a\n\n  b\n|"),
        ("{{ 'a\\n\\nb' | indent('> ', blank=true) }}|", "a\n> \n> b|"),
        ("{{ 'a\\r\\nb' | indent }}|{{ '' | indent(2, true) }}|", "a\n    b|  |"),
        ("{{ 'aaa'.replace('a', 'b', count=2) }}", "bba"),
        ("{{ 'ab'.replace('', '-') }}{{ 'ab'.count('') }}{{ 'ab'.find('') }}{{ 'ab'.rfind('') }}", "-a-b-302"),
        ("{{ 'a-b'.partition('-') }}", "('a', '-', 'b')"),
    ];
    for (source, expected) in cases {
        assert_eq!(render(source).as_deref(), Ok(expected), "{source}");
    }
    for method in ["split", "rsplit", "partition", "rpartition"] {
        let refused = render(&format!("{{{{ text.{method}('') }}}}")).expect_err(method);
        assert!(refused.contains("empty separator"), "{method}: {refused}");
    }
    for call in ["split(by=',')", "strip(chars='a')", "partition(sep='')", "split(1)"] {
        assert!(render(&format!("{{{{ text.{call} }}}}")).is_err(), "{call}");
    }
}

#[test]
fn a_long_template_and_many_steps_give_what_a_short_one_gives() {
    let long = "{{ text }}".repeat(5_000);
    assert_eq!(render(&long).unwrap(), "a b c".repeat(5_000));
    assert_eq!(render("{% for i in range(30000) %}{{ i % 10 }}{% endfor %}").unwrap(), "0123456789".repeat(3_000));
    assert_eq!(
        render("{{ range(5, -1, -2) | list }}{{ range(3) | list }}{{ range(1, 1) | list }}").unwrap(),
        "[5, 3, 1][0, 1, 2][]"
    );
    assert_eq!(render("{{ list.count(1) }}{{ list.index(1) }}{{ '-'.join(list) }}").unwrap(), "301-1-1");
}

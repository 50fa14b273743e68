import { describe, expect, it } from "vitest";
import { compile, compileValue, renderContent, renderPart, renderValue, TemplateError, type Variables } from "./liquid.ts";

const now = Date.UTC(2026, 10, 17, 9, 30);

function flawsOfCompile(text: string, partials?: Record<string, string>) {
  try {
    compile({ sms: { text } }, partials);
    return [];
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return error.flaws;
  }
}

function sms(text: string, variables: Variables = {}, partials?: Record<string, string>, locale?: string): string {
  const rendered = renderPart(compile({ sms: { text } }, partials), "sms", variables, { now, locale });
  if (!rendered?.ok) throw new Error(JSON.stringify(rendered?.flaws));
  return rendered.content.text ?? "";
}

function codes(text: string, variables: Variables = {}, partials?: Record<string, string>) {
  const rendered = renderPart(compile({ sms: { text } }, partials), "sms", variables, { now });
  return rendered?.ok ? (rendered.content.text ?? "").slice(0, 200) : rendered?.flaws.map((f) => f.code).join(",");
}

function html(source: string, variables: Variables = {}): string {
  const rendered = renderPart(compile({ email: { subject: "s", html: source } }), "email", variables, { now });
  if (!rendered?.ok) throw new Error(JSON.stringify(rendered?.flaws));
  return rendered.content.html ?? "";
}

describe("rendering", () => {
  it("fills every field of every part, and leaves fields without Liquid alone", () => {
    const content = {
      email: {
        subject: "Hi {{ name }}",
        html: "<p>{{ name }}</p>",
        text: "plain",
        headers: { "X-A": "{{ id }}" },
        cc: ["{{ cc }}"],
      },
      push: { title: "t", body: "{{ name }}", data: { order: "{{ id }}" } },
    };
    const rendered = renderContent(compile(content), { name: "A&B", id: 7, cc: "c@d.example" }, { now });
    expect(rendered).toEqual({
      ok: true,
      content: {
        email: { subject: "Hi A&B", html: "<p>A&amp;B</p>", text: "plain", headers: { "X-A": "7" }, cc: ["c@d.example"] },
        push: { title: "t", body: "A&B", data: { order: "7" } },
      },
    });
  });

  it("escapes HTML fields once and text fields never", () => {
    const variables = { x: `<b a="1">'&` };
    const escaped = "&lt;b a=&#34;1&#34;&gt;&#39;&amp;";
    expect(html("{{ x }}", variables)).toBe(escaped);
    expect(html("{{ x | escape }}", variables)).toBe(escaped);
    expect(html("{% echo x %}{% cycle x %}", variables)).toBe(escaped + escaped);
    expect(html("{{ x | raw }}", variables)).toBe(variables.x);
    expect(html("{{ x | upcase }}", variables)).toContain("&lt;B");
    expect(html("{{ list }}", { list: ["<", ["&"]] })).toBe("&lt;&amp;");
    expect(html("{{ x | newline_to_br }}", { x: "<a>\nb" })).toBe("&lt;a&gt;<br />\nb");
    expect(sms("{{ x }}", variables)).toBe(variables.x);
  });

  it("has loops, conditions, filters and partials", () => {
    expect(
      sms("{% for i in items reversed %}{{ forloop.index }}{{ i.n }} {% endfor %}", { items: [{ n: "a" }, { n: "b" }] }),
    ).toBe("1b 2a ");
    expect(sms("{% case n %}{% when 1, 2 %}low{% else %}high{% endcase %}", { n: 2 })).toBe("low");
    expect(sms("{% unless paid %}due{% endunless %}", { paid: false })).toBe("due");
    expect(sms("{{ items | where: 'on' | map: 'n' | join: ',' }}", { items: [{ n: 1, on: true }, { n: 2 }] })).toBe("1");
    expect(sms("{{ price | times: 1.2 | round: 2 }}", { price: 10 })).toBe("12");
    expect(sms("{% render 'greet', name: user.name %}!", { user: { name: "Ada" } }, { greet: "Hi {{ name }}" })).toBe("Hi Ada!");
    expect(sms("{% for i in (1..n) %}{{ i }}{% break %}{% endfor %}", { n: 3 })).toBe("1");
    expect(sms("{% tablerow i in (1..2) %}{{ i }}{% endtablerow %}")).toContain('<td class="col2">2</td>');
  });

  it("knows the time and the language only from its context", () => {
    expect(sms("{{ 'now' | date: '%Y-%m-%d %H:%M' }}")).toBe("2026-11-17 09:30");
    expect(sms("{{ 'today' | date_to_xmlschema }}")).toBe("2026-11-17T09:30:00+00:00");
    expect(sms("{{ d | date: '%e %B' }}", { d: "2026-03-01T00:00:00Z" }, undefined, "fr-FR")).toContain("mars");
    expect(sms("{{ d | date: '%B' }}", { d: "2026-03-01T00:00:00Z" }, undefined, "not a locale")).toBe("March");
    expect(sms("{{ d | date: '%H', 'Asia/Tokyo' }}", { d: "2026-03-01T00:00:00Z" })).toBe("09");
    expect(sms("{{ locale }}", {}, undefined, "de")).toBe("de");
  });

  it("keeps counters of one rendering out of the next and out of the caller's variables", () => {
    const variables = { n: 5 };
    const compiled = compile({ sms: { text: "{% increment n %}{% increment n %}" } });
    for (let i = 0; i < 2; i++)
      expect(renderPart(compiled, "sms", variables, { now })).toMatchObject({ content: { text: "56" } });
    expect(variables).toEqual({ n: 5 });
  });
});

describe("templates outside of content", () => {
  const render = (source: unknown, mode: "text" | "url" | "html", variables: Variables) => {
    const rendered = renderValue(
      compileValue(source, () => mode),
      variables,
      { now },
    );
    return rendered.ok ? rendered.content : rendered.flaws.map((f) => `${f.path}: ${f.code}`);
  };

  it("keep the shape of any JSON, and fill its texts", () => {
    const source = { a: ["{{ x }}", 1, null, { b: true, c: "-{{ y }}-" }] };
    expect(render(source, "text", { x: "X", y: 2 })).toEqual({ a: ["X", 1, null, { b: true, c: "-2-" }] });
    expect(render(source, "text", { x: "X" })).toEqual(["a[3].c: missing_variable"]);
  });

  it("cannot break out of a URL: whatever a value is, it is percent-encoded", () => {
    const url = "https://a.example/{{ x }}?q={{ x | upcase }}&r={{ y }}";
    expect(render(url, "url", { x: "../b?c=d&e#f", y: "\ud800\r\n ü" })).toBe(
      "https://a.example/..%2Fb%3Fc%3Dd%26e%23f?q=..%2FB%3FC%3DD%26E%23F&r=%EF%BF%BD%0D%0A%20%C3%BC",
    );
    expect(() => compileValue("{{ x | raw }}", () => "url")).toThrow(TemplateError);
  });
});

describe("what is wrong with a template", () => {
  it("is found in every field at once, with its place", () => {
    const content = { email: { subject: "{{ a", html: "ok\n {% if x %}" }, sms: { text: "{{ a | nope }}" } };
    expect(() => compile(content)).toThrow(TemplateError);
    const flaws = (() => {
      try {
        compile(content);
        return [];
      } catch (error) {
        return (error as TemplateError).flaws;
      }
    })();
    expect(flaws).toEqual([
      { code: "syntax", path: "email.subject", message: 'line 1, column 1: output "{{ a" not closed' },
      { code: "syntax", path: "email.html", message: "line 2, column 2: tag {% if x %} not closed" },
      { code: "syntax", path: "sms.text", message: "line 1, column 1: undefined filter: nope" },
    ]);
  });

  it("names all missing variables of all fields, also several in one place", () => {
    const compiled = compile(
      {
        email: {
          subject: "{{ a }} {{ user.name.first }}",
          html: "{{ b | append: c | append: d }}{% for i in items %}{{ i.x }}{% endfor %}",
        },
        sms: { text: "{{ a }}{% if z %}{% endif %}{{ y | default: 1 }}{% render 'p' %}" },
      },
      { p: "{{ q }}" },
    );
    const rendered = renderContent(compiled, { user: {}, d: 1 }, { now });
    expect(rendered.ok ? [] : rendered.flaws.map((f) => `${f.path} ${f.code} ${f.variable}`)).toEqual([
      "email.subject missing_variable a",
      "email.subject missing_variable user.name.first",
      "email.html missing_variable b",
      "email.html missing_variable items",
      "email.html missing_variable c",
      "sms.text missing_variable a",
      "sms.text missing_variable q",
    ]);
  });

  it("says which filter refused what, where it is not a missing variable", () => {
    expect(codes("{{ '%' | url_decode }}")).toBe("render_failed");
    expect(codes("{% render 'nope' %}")).toBe("render_failed");
  });
});

describe("hostile templates", () => {
  const deep = (n: number) => JSON.parse("[".repeat(n) + "]".repeat(n)) as unknown;
  const double = (step: string) => `{% assign a = "x,x" | split: "," %}{% for i in (1..60) %}${step}{% endfor %}`;

  it.each([
    ["a range to a milliard", "{% for i in (1..1000000000) %}x{% endfor %}", "too_much_memory"],
    ["a range of strings", "{% for i in ('1'..'1000000000') %}x{% endfor %}", "too_much_memory"],
    [
      "a range above 2^53, where counting stands still",
      "{% for i in (10000000000000000..10000000000000010) %}x{% endfor %}",
      "range_invalid",
    ],
    ["such a range in a filter's argument", "{{ 'a' | append: (10000000000000000..10000000000000010) }}", "range_invalid"],
    ["such a range in a file name", "{% render 'a{{ (10000000000000000..10000000000000010) }}' %}", "range_invalid"],
    ["such a range as a variable", "{% for i in (big..bigger) %}x{% endfor %}", "range_invalid"],
    [
      "loops in loops",
      "{% for a in (1..9999) %}{% for b in (1..9999) %}{% for c in (1..9999) %}{% endfor %}{% endfor %}{% endfor %}",
      "too_much_work",
    ],
    [
      "loops in loops over nothing",
      "{% for a in (1..1000) %}{% for b in (1..1000) %}{% if a == b %}{% endif %}{% endfor %}{% endfor %}",
      "too_much_work",
    ],
    ["rows in rows", "{% tablerow a in (1..1500000) %}{% endtablerow %}", "too_much_work,too_much_output"],
    [
      "loops over a large object",
      "{% for a in (1..1000000) %}{% for b in large limit: 0 %}{% endfor %}{% endfor %}",
      "too_much_work",
    ],
    [
      "a long condition in a loop",
      `{% for a in (1..100000) %}{% if ${"1 == 1 and ".repeat(5000)} 1 %}{% endif %}{% endfor %}`,
      "too_much_work",
    ],
    [
      "many cases in a loop",
      `{% for a in (1..100000) %}{% case a %}${"{% when 0 %}".repeat(5000)}{% endcase %}{% endfor %}`,
      "too_much_work",
    ],
    ["many arguments in a loop", `{% for a in (1..100000) %}{% cycle ${"1,".repeat(5000)} 1 %}{% endfor %}`, "too_much_work"],
    ["filters in a loop", "{% for a in (1..100000) %}{{ words | sort | size }}{% endfor %}", "too_much_work"],
    ["dates in a loop", "{% for a in (1..100000) %}{{ 'now' | date: '%A %B' }}{% endfor %}", "too_much_work"],
    ["a string that doubles by append", `{% assign s = 'x' %}${double("{% assign s = s | append: s %}")}`, "too_much_memory"],
    [
      "a string that doubles by capture",
      `{% assign s = 'x' %}${double("{% capture s %}{{ s }}{{ s }}{% endcapture %}")}`,
      "too_much_output",
    ],
    ["an array that doubles by concat", double("{% assign a = a | concat: a %}"), "too_much_memory,too_much_work"],
    ["an array that holds itself twice, printed", `${double("{% assign a = a | push: a %}")}{{ a }}`, "too_much_work"],
    ["an array that holds itself twice, joined", `${double("{% assign a = a | push: a %}")}{{ a | join }}`, "too_much_work"],
    [
      "an array that holds itself twice, compared",
      `${double("{% assign a = a | push: a %}{% assign b = a | push: a %}")}{% if a == b %}{% endif %}`,
      "too_much_work",
    ],
    [
      "an array that holds itself twice, in a case",
      `${double("{% assign a = a | push: a %}")}{% case a %}{% when a %}{% endcase %}`,
      "too_much_work",
    ],
    [
      "an array that holds itself through groups",
      double("{% assign g = a | group_by: 'k' | map: 'items' %}{% assign a = g | concat: g %}"),
      "too_much_work",
    ],
    ["a wide number", "{{ 'now' | date: '%1000000000d' }}", "too_much_memory"],
    ["a wide slice", "{{ (1..1000) | slice: 0, 100000000000 }}", "too_much_memory"],
    ["huge output", "{% for i in (1..2000) %}{{ word }}{% endfor %}", "too_much_output"],
    ["huge output of nothing but text", `{% for i in (1..3000) %}${"y".repeat(1000)}{% endfor %}`, "too_much_output"],
    ["huge JSON", "{% for i in (1..100000) %}{{ large | json }}{% endfor %}", "too_much_memory,too_much_output,too_much_work"],
    ["a needle in a haystack", "{% for i in (1..10000) %}{% if hay contains needle %}{% endif %}{% endfor %}", "too_much_work"],
    ["deep variables", "{{ deep }}", "[],too_deep"],
  ])("stops %s", (_, text, expected) => {
    const variables = {
      big: 1e16,
      bigger: 1e16 + 10,
      large: Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, i])),
      words: Array.from({ length: 1000 }, (_, i) => `w${i}`),
      word: "z".repeat(1000),
      hay: "a".repeat(100_000),
      needle: `${"a".repeat(5000)}b`,
      deep: deep(5000),
    };
    const startedAt = Date.now();
    const code = codes(text, variables);
    expect(expected.split(",")).toContain(code === "" ? "[]" : code);
    expect(Date.now() - startedAt).toBeLessThan(3_000);
  });

  it.each([
    ["a partial that includes itself", { a: "{% render 'a' %}" }],
    ["a partial that includes itself by `include`", { a: "x{% include 'a' %}" }],
    ["two that include each other", { a: "{% render 'b' %}", b: "{% render 'a' %}" }],
  ])("stops %s", (_, partials) => {
    expect(codes("{% render 'a' %}", {}, partials)).toBe("too_deep");
  });

  it("stops partials that multiply", () => {
    const partials = Object.fromEntries(
      Array.from({ length: 60 }, (_, i) => [`p${i}`, `{% render 'p${i + 1}' %}{% render 'p${i + 1}' %}`]),
    );
    expect(codes("{% render 'p0' %}", {}, { ...partials, p60: "" })).toBe("too_much_work");
  });

  it.each([
    ["blocks inside one another", "{% if a %}".repeat(101), "too_deep"],
    ["blocks inside one another in a liquid tag", `{% liquid ${"\nif a".repeat(50_000)} %}`, "too_deep"],
    ["brackets inside one another", `{{ ${"a[".repeat(50_000)} }}`, "too_deep"],
    ["ranges inside one another", `{{ ${"(".repeat(50_000)} }}`, "too_deep"],
    ["more tags than a field takes", "{{ a }}".repeat(10_001), "too_long"],
    ["more text than a field takes", `{{ a }}${"x".repeat(262_144)}`, "too_long"],
    ["layouts", "{% layout 'x' %}", "syntax"],
    ["filters that evaluate text", "{{ a | where_exp: 'x', 'x' }}", "syntax"],
    ["filters that throw dice", "{{ a | sample }}", "syntax"],
    ["filters that need a promise", "{{ a | sha256 }}", "syntax"],
  ])("refuses %s when compiled", (_, text, code) => {
    expect(flawsOfCompile(text).map((f) => f.code)).toEqual([code]);
  });

  it.each([
    "constructor",
    "__proto__",
    "x.constructor",
    "x.__proto__",
    "x.constructor.constructor",
    "x.toString",
    "list.constructor",
    "s.constructor",
    "list.push",
    "x['__proto__']",
    "toString",
    "hasOwnProperty",
  ])("reaches no prototype through %s", (path) => {
    expect(codes(`{{ ${path} }}`, { x: {}, list: [1], s: "s" })).toBe("missing_variable");
    expect(sms(`{{ ${path} | default: "none" }}`, { x: {}, list: [1], s: "s" })).toBe("none");
  });

  it("reaches no prototype through filters, and pollutes none", () => {
    expect(sms("{{ list | map: 'constructor' | join }}", { list: [{}, {}] })).toBe(" ");
    expect(sms("{{ list | where: '__proto__' | size }}", { list: [{}] })).toBe("0");
    const variables = JSON.parse('{"__proto__": {"polluted": 1}, "a": {"__proto__": {"polluted": 2}}}') as Variables;
    sms(
      "{% assign __proto__ = a %}{% capture constructor %}x{% endcapture %}{% increment __proto__ %}{% render 'p', __proto__: a %}",
      variables,
      { p: "x" },
    );
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(codes("{{ polluted }}", variables)).toBe("missing_variable");
  });

  it("reads no file and finds no partial but those given", () => {
    for (const name of ["/etc/passwd", "../p", "./p", "__proto__", "constructor", "https://x.example"]) {
      expect(codes(`{% render '${name}' %}`, {}, { p: "x" })).toBe("render_failed");
    }
  });
});

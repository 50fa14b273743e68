/** One caught message, as the channel's people would see it. */
export const DETAIL = String.raw`
const facts = (pairs) =>
  el("dl", { class: "facts" }, pairs.filter((pair) => pair[1] !== undefined && pair[1] !== null && pair[1].length !== 0)
    .map((pair) => [el("dt", {}, pair[0]), el("dd", {}, pair[1])]));
const plain = (text) => el("pre", { class: "plain" }, text);

/** Links of an email, read from a document that is never shown and runs nothing. */
const linksOf = (html) => {
  const found = new Map();
  for (const anchor of new DOMParser().parseFromString(html, "text/html").querySelectorAll("a[href]")) {
    const url = anchor.getAttribute("href");
    if (!found.has(url)) found.set(url, anchor.textContent.trim());
  }
  return [...found];
};

const frame = (html) => {
  const stage = el("div", { class: "stage" });
  // An empty sandbox: no scripts, no forms, no origin. What it may load, the page's own policy says.
  stage.append(el("iframe", { sandbox: "", title: "The email as it looks", srcdoc: html, referrerpolicy: "no-referrer" }));
  const buttons = [["Wide", false], ["Phone", true]].map(([name, narrow]) =>
    el("button", { type: "button", class: "quiet", "aria-pressed": String(!narrow), onclick: (event) => {
      stage.classList.toggle("narrow", narrow);
      for (const button of buttons) button.setAttribute("aria-pressed", String(button === event.currentTarget));
    } }, name));
  return [el("div", { class: "widths", role: "group", "aria-label": "Width" }, buttons), stage];
};

const emailTabs = (mail) => {
  const links = mail.html ? linksOf(mail.html) : [];
  const size = (bytes) => (bytes < 1024 ? bytes + " B" : bytes < 1048576 ? (bytes / 1024).toFixed(1) + " kB" : (bytes / 1048576).toFixed(1) + " MB");
  const files = mail.attachments || [];
  return [
    mail.html ? { name: "HTML", make: () => frame(mail.html) } : null,
    mail.text ? { name: "Text", scroll: true, make: () => plain(mail.text) } : null,
    links.length ? { name: "Links (" + links.length + ")", scroll: true, make: () =>
      el("ol", { class: "links" }, links.map(([url, text]) => el("li", {}, text ? el("div", {}, text) : null, link(url)))) } : null,
    files.length ? { name: "Attachments (" + files.length + ")", scroll: true, make: () =>
      facts(files.map((file) => [file.filename, file.content_type + ", " + size(file.size_bytes)])) } : null,
    { name: "Headers", scroll: true, make: () => facts([
      ["From", mail.from || "the connection's sender"], ["To", mail.to], ["Cc", (mail.cc || []).join(", ")], ["Bcc", (mail.bcc || []).join(", ")],
      ["Reply-To", mail.reply_to], ["Subject", mail.subject], ...Object.entries(mail.headers || {}),
    ]) },
  ].filter(Boolean);
};

const phone = (kind, ...children) => el("div", { class: "scene" }, el("div", { class: "phone " + kind }, children));
const segments = (e) =>
  e.units + (e.units === 1 ? " unit, " : " units, ") + e.segments + (e.segments === 1 ? " segment, " : " segments, ") + e.encoding;
const SHOWN = {
  sms: (e) => phone("", el("p", { class: "who" }, e.to), el("div", { class: "bubble" }, e.text), e.segments ? el("p", { class: "note" }, segments(e)) : null),
  whatsapp: (e) => phone("wa", el("p", { class: "who" }, e.to), el("div", { class: "bubble" }, e.text || whatsappTemplate(e.template)),
    (e.attachments || []).map((file) => el("p", { class: "note" }, file.filename))),
  push: (e, caught) => phone("lock", el("p", { class: "who", "aria-hidden": "true" }, new Date(caught.at).toTimeString().slice(0, 5)),
    el("div", { class: "notice" }, el("span", { class: "app" }, icon(BELL)),
      el("div", {}, el("strong", {}, e.title), el("span", {}, e.body), e.url ? link(e.url) : null))),
  inapp: (e) => el("div", { class: "scene" }, el("div", { class: "feed" }, el("h3", {}, "Notifications"),
    el("div", { class: "item" }, el("strong", {}, e.title), el("span", {}, e.body), e.url ? link(e.url) : null))),
  chat: (e) => el("div", { class: "scene" }, el("div", { class: "room" }, el("span", { class: "avatar", "aria-hidden": "true" }, "C"),
    el("strong", {}, "Carillon ", el("span", { class: "soft" }, "app")), el("div", { class: "said" }, e.title ? el("strong", {}, e.title + "\n") : null, e.text, e.url ? link(e.url) : null))),
};

const tabsOf = (caught) => {
  const e = caught.envelope;
  const tabs = [];
  if (e.sensitive) tabs.push({ name: "Content", scroll: true, make: () => el("p", { class: "soft" }, "The message is sensitive: none of its content is kept.") });
  else if (caught.channel === "email") tabs.push(...emailTabs(e));
  else if (SHOWN[caught.channel]) tabs.push({ name: "Preview", make: () => SHOWN[caught.channel](e, caught) });
  if (e.data && Object.keys(e.data).length) tabs.push({ name: "Data", scroll: true, make: () => facts(Object.entries(e.data)) });
  tabs.push({ name: "Details", scroll: true, make: () => facts([
    ["Message", el("code", {}, caught.message_id)], ["Caught as", el("code", {}, caught.id)], ["At", calendar.format(new Date(caught.at))],
    ["Tags", e.tags.map((tag) => el("span", { class: "tag" }, tag))],
  ]) });
  tabs.push({ name: "JSON", scroll: true, make: () => plain(JSON.stringify(caught, null, 2)) });
  return tabs;
};

const titleOf = (caught) => {
  const e = caught.envelope;
  return e.sensitive ? "(sensitive)" : e.subject || e.title || e.text || (e.template || e.provider_template || {}).name || "(empty)";
};

/** Tabs after the pattern of WAI-ARIA: arrows move, one of them is in the tab order. */
let lastTab = "";
const showTabs = (tabs, into) => {
  const panel = el("div", { class: "panel", role: "tabpanel", id: "panel", "aria-labelledby": "tab-0" });
  const open = (index, focus) => {
    const tab = tabs[index];
    buttons.forEach((button, i) => {
      button.setAttribute("aria-selected", String(i === index));
      button.tabIndex = i === index ? 0 : -1;
    });
    if (focus) buttons[index].focus();
    panel.setAttribute("aria-labelledby", "tab-" + index);
    panel.className = tab.scroll ? "panel scroll" : "panel";
    panel.replaceChildren(...[tab.make()].flat());
  };
  const buttons = tabs.map((tab, i) => el("button", { type: "button", role: "tab", id: "tab-" + i, "aria-controls": "panel", onclick: () => {
    lastTab = tab.name.split(" ")[0];
    open(i, false);
  } }, tab.name));
  const bar = el("div", { class: "tabs", role: "tablist", "aria-label": "Parts of the message" }, buttons);
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    open((buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length, true);
  });
  into.append(bar, panel);
  open(Math.max(0, tabs.findIndex((tab) => tab.name.split(" ")[0] === lastTab)), false);
};

const showDetail = (caught, close) => {
  const detail = byId("detail");
  if (!caught) {
    detail.replaceChildren(el("p", { class: "none" }, "Choose a message to look at it."));
    return;
  }
  const name = (CHANNELS[caught.channel] || {}).name || caught.channel;
  const headline = (caught.envelope.subject || caught.envelope.title || caught.destination).slice(0, 200);
  detail.replaceChildren(
    el("button", { type: "button", class: "quiet back", onclick: close }, "All messages"),
    el("div", { class: "head" }, mark(caught.channel), el("div", {}, el("h2", {}, headline),
      el("p", { class: "soft" }, headline === caught.destination ? name + ", " + shortTime(caught.at) : name + " to " + caught.destination + ", " + shortTime(caught.at)))),
  );
  showTabs(tabsOf(caught), detail);
  detail.scrollTop = 0;
};
`;

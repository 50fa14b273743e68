/** The key, the list, and looking again every two seconds while somebody watches. */
export const LIST = String.raw`
const STORE = "carillon.sandbox.key";
const EVERY_MS = 2000;
const state = { key: null, caught: new Map(), cursor: null, channel: "", chosen: null, timer: 0, run: 0 };

const say = (kind, text) => {
  const line = byId("state");
  line.className = "state " + kind;
  if (line.textContent !== text) line.textContent = text;
};

const ask = async (query) => {
  const response = await fetch("/v1/sandbox/messages?limit=100" + query, {
    headers: { authorization: "Bearer " + state.key }, cache: "no-store", credentials: "omit",
  });
  if (response.ok) return response.json();
  const problem = await response.json().catch(() => ({}));
  throw Object.assign(new Error(problem.detail || problem.title || "The API answered " + response.status + "."), { status: response.status });
};

const visible = () => [...state.caught.values()].filter((c) => !state.channel || c.channel === state.channel).sort((a, b) => (a.id < b.id ? 1 : -1));

const drawChannels = () => {
  const counts = {};
  for (const c of state.caught.values()) counts[c.channel] = (counts[c.channel] || 0) + 1;
  const button = (channel, name, n) =>
    el("button", { type: "button", "aria-pressed": String(state.channel === channel), "data-channel": channel, onclick: () => {
      state.channel = channel;
      drawChannels();
      drawList([]);
      byId("channels").querySelector("[aria-pressed=true]").focus();
    } }, name, el("span", { class: "n" }, String(n)));
  byId("channels").replaceChildren(button("", "All", state.caught.size),
    ...Object.entries(CHANNELS).filter(([channel]) => counts[channel] || state.channel === channel).map(([channel, { name }]) => button(channel, name, counts[channel] || 0)));
};

const item = (caught, fresh) =>
  el("li", {}, el("button", { type: "button", class: fresh ? "fresh" : "", "data-id": caught.id, "aria-current": String(caught.id === state.chosen), onclick: () => choose(caught.id) },
    mark(caught.channel), el("span", { class: "to" }, caught.destination), el("time", { datetime: caught.at }, shortTime(caught.at)),
    el("span", { class: "line" }, titleOf(caught).slice(0, 160))));

const drawList = (fresh) => {
  const list = byId("list");
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.id : null;
  const rows = visible();
  list.replaceChildren(...rows.map((caught) => item(caught, fresh.includes(caught.id))));
  if (focused) list.querySelector('[data-id="' + focused + '"]')?.focus();
  list.hidden = rows.length === 0;
  byId("empty").hidden = state.caught.size > 0;
  byId("older").hidden = state.cursor === null;
};

const choose = (id) => {
  state.chosen = id;
  for (const button of byId("list").querySelectorAll("button")) button.setAttribute("aria-current", String(button.dataset.id === id));
  byId("catcher").classList.toggle("open", id !== null);
  showDetail(id === null ? null : state.caught.get(id), () => choose(null));
};

const take = (page) => {
  const fresh = page.data.filter((caught) => !state.caught.has(caught.id)).map((caught) => caught.id);
  for (const caught of page.data) state.caught.set(caught.id, caught);
  return fresh;
};

const look = async () => {
  clearTimeout(state.timer);
  const run = state.run;
  try {
    const page = await ask("");
    if (run !== state.run) return;
    const first = byId("catcher").hidden;
    const fresh = take(page);
    if (first) state.cursor = page.next_cursor;
    if (first || fresh.length > 0) {
      reveal(true);
      drawChannels();
      drawList(first ? [] : fresh);
    }
    if (first && state.chosen === null && matchMedia("(min-width: 761px)").matches) choose(visible()[0]?.id ?? null);
    say("live", state.caught.size === 0 ? "Waiting for messages" : state.caught.size + (state.caught.size === 1 ? " message" : " messages"));
  } catch (error) {
    if (run !== state.run) return;
    if (error.status === 401 || error.status === 403) return leave(error.message);
    say("off", "Not reached; trying again");
  }
  if (!document.hidden) state.timer = setTimeout(look, EVERY_MS);
};

const reveal = (open) => {
  byId("catcher").hidden = !open;
  byId("leave").hidden = !open;
  byId("enter").hidden = open;
};

const leave = (why) => {
  clearTimeout(state.timer);
  sessionStorage.removeItem(STORE);
  Object.assign(state, { key: null, caught: new Map(), cursor: null, channel: "", chosen: null, run: state.run + 1 });
  reveal(false);
  choose(null);
  say("", "");
  byId("key-error").textContent = why || "";
  byId("key").value = "";
  byId("key").focus();
};

const enter = (key) => {
  state.key = key;
  state.run += 1;
  sessionStorage.setItem(STORE, key);
  byId("key-error").textContent = "";
  say("", "Opening");
  look();
};

byId("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  enter(byId("key").value.trim());
});
byId("leave").addEventListener("click", () => leave(""));
byId("older").addEventListener("click", async () => {
  try {
    const page = await ask("&cursor=" + encodeURIComponent(state.cursor));
    take(page);
    state.cursor = page.next_cursor;
    drawChannels();
    drawList([]);
  } catch (error) {
    say("off", error.message);
  }
});
byId("list").addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const buttons = [...byId("list").querySelectorAll("button")];
  const next = buttons[buttons.indexOf(document.activeElement) + step];
  if (next) { next.focus(); choose(next.dataset.id); }
});
document.addEventListener("visibilitychange", () => { if (!document.hidden && state.key) look(); });
byId("example").textContent = "curl " + location.origin + "/v1/send \\\n  -H 'Authorization: Bearer ck_test_…' \\\n  -H 'Content-Type: application/json' \\\n  -d '" +
  JSON.stringify({ to: [{ channel: "sms", destination: "+447700900123" }], content: { sms: { text: "Hello" } } }) + "'";

// A printed link carries the key in its fragment, which no server ever sees; it does not stay in the address bar.
const given = new URLSearchParams(location.hash.slice(1)).get("key");
if (given) history.replaceState(null, "", location.pathname);
const key = given || sessionStorage.getItem(STORE);
showDetail(null, () => {});
if (key) enter(key);
else leave("");
window.addEventListener("hashchange", () => {
  const other = new URLSearchParams(location.hash.slice(1)).get("key");
  if (!other) return;
  history.replaceState(null, "", location.pathname);
  leave("");
  enter(other);
});
`;

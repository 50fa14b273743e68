/** Making elements, and the words for channels and times. */
export const DOM = String.raw`
const el = (name, attributes, ...children) => {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "onclick") node.addEventListener("click", value);
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
};
const byId = (id) => document.getElementById(id);

const SVG = "http://www.w3.org/2000/svg";
const icon = (path) => {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const shape = document.createElementNS(SVG, "path");
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
};
const CHANNELS = {
  email: { name: "Email", icon: "M3 6h18v12H3zM3 7l9 7 9-7" },
  sms: { name: "SMS", icon: "M4 5h16v11H9l-5 4zM8 9h8M8 12.5h5" },
  push: { name: "Push", icon: "M12 3a6 6 0 0 0-6 6v5l-2 3h16l-2-3V9a6 6 0 0 0-6-6zM10 20h4" },
  whatsapp: { name: "WhatsApp", icon: "M4 20l1.3-4A8 8 0 1 1 8.4 19zM9 9.5c0 3 2.5 5.5 5.5 5.5" },
  inapp: { name: "In-app", icon: "M4 4h16v16H4zM4 14h5l1.5 2.5h3L15 14h5" },
  chat: { name: "Chat", icon: "M4 9h16M4 15h16M9.5 4l-2 16M16.5 4l-2 16" },
};
const BELL = "M12 2a6 6 0 0 0-6 6v6l-2 3h16l-2-3V8a6 6 0 0 0-6-6zm-2 17a2 2 0 0 0 4 0z";
const mark = (channel) =>
  el("span", { class: "mark " + channel, role: "img", "aria-label": (CHANNELS[channel] || {}).name || channel }, icon((CHANNELS[channel] || CHANNELS.chat).icon));

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const calendar = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const shortTime = (iso) => {
  const at = new Date(iso);
  return at.toDateString() === new Date().toDateString() ? clock.format(at) : calendar.format(at);
};
const isWeb = (url) => /^https?:\/\//i.test(url);
const link = (url, text) =>
  isWeb(url) ? el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, text || url) : el("span", {}, text || url);
`;

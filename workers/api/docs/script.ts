/** The page works without it; with it, the contents can be searched, code copied, and the place in the page is marked. */
export const SCRIPT = `
const nav = document.getElementById("nav");
const menu = document.querySelector(".menu");
const search = nav.querySelector("input");
const none = nav.querySelector(".none");
const show = (open) => { nav.classList.toggle("open", open); menu.setAttribute("aria-expanded", String(open)); };
menu.addEventListener("click", () => show(!nav.classList.contains("open")));
nav.addEventListener("click", (event) => { if (event.target.closest("a")) show(false); });
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") show(false);
  if (event.key === "/" && !/^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)) { event.preventDefault(); show(true); search.focus(); }
});
search.addEventListener("input", () => {
  const words = search.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let found = 0;
  for (const list of nav.querySelectorAll("ul")) {
    let here = 0;
    for (const item of list.children) {
      const link = item.firstElementChild;
      const text = (link.textContent + " " + link.title + " " + link.hash).toLowerCase();
      item.hidden = !words.every((word) => text.includes(word));
      if (!item.hidden) here += 1;
    }
    list.hidden = list.previousElementSibling.hidden = here === 0;
    found += here;
  }
  none.hidden = found > 0;
});
for (const figure of document.querySelectorAll("figure")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(figure.querySelector("code").textContent);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Select and copy";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  figure.querySelector("figcaption").append(button);
}
const links = new Map([...nav.querySelectorAll("li > a")].map((link) => [link.hash.slice(1), link]));
const seen = new Set();
const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) isIntersecting ? seen.add(target) : seen.delete(target);
  const first = [...seen].sort((a, b) => a.compareDocumentPosition(b) & 4 ? -1 : 1)[0];
  if (!first) return;
  for (const [id, link] of links) id === first.id ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current");
  const link = links.get(first.id);
  const { top, bottom } = link.getBoundingClientRect();
  if (top < 60 || bottom > innerHeight) nav.scrollTop += top - innerHeight / 2;
}, { rootMargin: "-100px 0px -60% 0px" });
for (const id of links.keys()) { const section = document.getElementById(id); if (section) watcher.observe(section); }
`;

/** The look of the docs page, light and dark, from phone to wide screen. Contrast meets WCAG AA in both. */
export const STYLE = `
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--paper:#fff;--panel:#f6f7f9;--line:#dfe3e8;--accent:#0b5cad;--code:#f0f2f5;
--get:#0b6e4f;--post:#0b5cad;--put:#8a5a00;--patch:#8a5a00;--delete:#b3261e;--status:#6b4fbb;--dark:#14181d;--darkink:#e6eaf0;--darksoft:#9aa6b5}
@media (prefers-color-scheme:dark){:root{--ink:#e4e8ee;--soft:#9aa6b5;--paper:#0f1216;--panel:#161a20;--line:#2a3039;--accent:#7ab8ff;--code:#1d232b;
--get:#5fd0a5;--post:#7ab8ff;--put:#e8b75a;--patch:#e8b75a;--delete:#ff8f86;--status:#bda7ff;--dark:#171c23}}
*{box-sizing:border-box}
html{scroll-padding-top:4.25rem;-webkit-text-size-adjust:100%}
@media (prefers-reduced-motion:no-preference){html{scroll-behavior:smooth}}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
a{color:var(--accent);text-underline-offset:.18em}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:3px}
code,pre{font-family:ui-monospace,SFMono-Regular,"SF Mono",Menlo,Consolas,monospace;font-size:.875em}
p code,li code,dd code,dt code{background:var(--code);padding:.1em .35em;border-radius:4px;overflow-wrap:anywhere}
.skip{position:absolute;left:-999px}
.skip:focus{left:1rem;top:.75rem;z-index:5;background:var(--paper);padding:.25rem .75rem}
.top{position:sticky;top:0;z-index:3;display:flex;gap:1rem;align-items:center;height:3.5rem;padding:0 1.25rem;background:var(--paper);border-bottom:1px solid var(--line)}
.brand{font-weight:700;color:var(--ink);text-decoration:none;letter-spacing:-.01em}
.brand span{font-weight:400;color:var(--soft);margin-left:.35rem}
.raw{margin-left:auto;font-size:.9rem}
.menu{display:none;font:inherit;font-size:.9rem;padding:.3rem .8rem;border:1px solid var(--line);border-radius:6px;background:var(--panel);color:var(--ink)}
nav{position:fixed;top:3.5rem;bottom:0;left:0;width:19rem;overflow-y:auto;padding:1rem 1rem 3rem;border-right:1px solid var(--line);background:var(--panel);font-size:.9rem;overscroll-behavior:contain}
nav h2{font-size:.75rem;text-transform:uppercase;letter-spacing:.06em;margin:1.25rem .5rem .25rem;color:var(--soft)}
nav .method{flex:none;margin:0;min-width:2.4rem}
nav h2 a{color:inherit;text-decoration:none}
nav ul{list-style:none;margin:0;padding:0}
nav li a{display:flex;gap:.4rem;align-items:baseline;padding:.25rem .5rem;border-radius:6px;color:var(--ink);text-decoration:none;line-height:1.35;overflow-wrap:anywhere}
nav li a:hover{background:var(--code)}
nav li a[aria-current]{background:var(--code);box-shadow:inset 3px 0 var(--accent)}
nav .none{color:var(--soft);padding:0 .5rem}
.search span{display:block;font-size:.8rem;color:var(--soft);margin:0 .1rem .25rem}
.search input{width:100%;font:inherit;padding:.4rem .6rem;border:1px solid var(--line);border-radius:6px;background:var(--paper);color:var(--ink)}
main{margin-left:19rem;padding:1rem clamp(1rem,3vw,3rem) 6rem;max-width:100rem}
h1{font-size:2.1rem;line-height:1.2;letter-spacing:-.02em;margin:1.5rem 0 .5rem}
main h2{font-size:1.5rem;line-height:1.25;letter-spacing:-.01em;margin:2.5rem 0 .5rem}
h3{font-size:1.15rem;margin:0 0 .25rem;line-height:1.35}
h4{font-size:.85rem;margin:1.5rem 0 .25rem;color:var(--soft);text-transform:uppercase;letter-spacing:.04em}
h4 .type{text-transform:none;letter-spacing:0}
.lead{color:var(--soft);margin-top:0;max-width:46rem}
.intro>section{max-width:46rem}
.tag{border-top:1px solid var(--line);margin-top:3rem}
.anchor{color:inherit;text-decoration:none}
.anchor:hover::after{content:" #";color:var(--soft)}
.operation{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,27rem);gap:2.5rem;padding:2rem 0;border-top:1px solid var(--line)}
.lead+.operation,.lead+.shape{border-top:0;padding-top:1rem}
.shape{padding:1.5rem 0;border-top:1px solid var(--line);max-width:52rem}
.words{min-width:0}
.samples{min-width:0;position:sticky;top:4.5rem;align-self:start;max-height:calc(100vh - 6rem);overflow:auto}
.call{margin:.25rem 0 .75rem;font-size:1rem}
.call code{overflow-wrap:anywhere}
.method{display:inline-block;font:600 .72rem/1 ui-monospace,Menlo,Consolas,monospace;letter-spacing:.02em;color:var(--soft);margin-right:.3rem;min-width:2.6rem}
.call .method{border:1px solid currentColor;border-radius:5px;padding:.3rem .4rem;text-align:center}
.get{color:var(--get)}.post{color:var(--post)}.put{color:var(--put)}.patch{color:var(--patch)}.delete{color:var(--delete)}.status{color:var(--status)}
.fields{margin:.25rem 0 0}
.field{padding:.55rem 0;border-top:1px solid var(--line)}
.field:first-child{border-top:0}
dt{display:flex;flex-wrap:wrap;gap:.25rem .6rem;align-items:baseline}
dt code{font-weight:600}
dd{margin:.15rem 0 0;font-size:.94rem}
dd p{margin:.15rem 0}
.type,.rules{color:var(--soft);font-size:.85rem;font-weight:400}
.required{color:var(--delete);font-size:.75rem}
.code{margin-right:.15rem}
details{margin-top:.35rem;border-left:2px solid var(--line);padding-left:.9rem}
summary{cursor:pointer;font-size:.85rem;color:var(--accent)}
.choices>details{margin-top:.6rem}
figure{margin:0 0 1rem;border-radius:8px;background:var(--dark);color:var(--darkink);overflow:hidden;border:1px solid var(--line)}
figcaption{display:flex;justify-content:space-between;align-items:center;padding:.4rem .9rem;font-size:.78rem;color:var(--darksoft);border-bottom:1px solid #2a3039}
figcaption button{font:inherit;color:inherit;background:none;border:1px solid #3a4350;border-radius:5px;padding:.1rem .5rem;cursor:pointer}
figcaption button:hover{color:var(--darkink)}
pre{margin:0;padding:.8rem .9rem;overflow:auto;font-size:.8rem;line-height:1.55;tab-size:2}
pre code{font-size:inherit}
.words>pre,.intro pre{background:var(--code);border-radius:8px;margin:.75rem 0}
[hidden]{display:none!important}
:target>.words h3,:target>h3,section:target>h2{background:linear-gradient(90deg,var(--code),transparent);border-radius:4px}
@media (max-width:75rem){.operation{grid-template-columns:minmax(0,1fr);gap:1.25rem}.samples{position:static;max-height:none}}
@media (max-width:56rem){.menu{display:inline-block}nav{display:none;width:100%;border-right:0;z-index:2}nav.open{display:block}main{margin-left:0}.brand span{display:none}h1{font-size:1.7rem}}
@media print{nav,.top,figcaption button{display:none}main{margin:0}.samples{position:static;max-height:none}}
`;

/** The look of the catcher, light and dark, from phone to wide screen. Contrast meets WCAG AA in both. */
export const STYLE = `
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--paper:#fff;--panel:#f6f7f9;--line:#dfe3e8;--accent:#0b5cad;--onaccent:#fff;--pick:#e7f0fa;--wrong:#b3261e;
--email:#0b5cad;--sms:#0b6e4f;--push:#8a5a00;--whatsapp:#12704a;--inapp:#6b4fbb;--chat:#a3325c;--bubble:#e6e8ec;--wall:#e9edf3;--wall2:#d5dde8;--card:#ffffff}
@media (prefers-color-scheme:dark){:root{--ink:#e4e8ee;--soft:#9aa6b5;--paper:#0f1216;--panel:#161a20;--line:#2a3039;--accent:#7ab8ff;--onaccent:#0f1216;--pick:#1b2836;--wrong:#ff8f86;
--email:#7ab8ff;--sms:#5fd0a5;--push:#e8b75a;--whatsapp:#6fdcae;--inapp:#bda7ff;--chat:#ff9dbd;--bubble:#262d36;--wall:#171d26;--wall2:#0f141b;--card:#222a34}}
*{box-sizing:border-box}
[hidden]{display:none!important}
html,body{height:100%}
body{margin:0;display:flex;flex-direction:column;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:4px}
code,pre{font-family:ui-monospace,SFMono-Regular,"SF Mono",Menlo,Consolas,monospace;font-size:.85em}
h1,h2,h3,p{margin:0}
a{color:var(--accent);text-underline-offset:.18em;overflow-wrap:anywhere}
.soft{color:var(--soft)}
.wrong{color:var(--wrong)}
.skip{position:absolute;left:-999px}
.skip:focus{left:1rem;top:.75rem;z-index:5;background:var(--paper);padding:.25rem .75rem}
button{font:inherit;cursor:pointer;border-radius:8px;border:1px solid transparent;padding:.5rem 1.1rem;background:var(--accent);color:var(--onaccent);font-weight:600}
button.quiet{background:var(--paper);color:var(--ink);border-color:var(--line);font-weight:400;padding:.3rem .8rem;font-size:.9rem}
button.quiet:hover{background:var(--panel)}
.top{display:flex;flex:none;gap:1rem;align-items:center;min-height:3.5rem;padding:.5rem 1.25rem;border-bottom:1px solid var(--line)}
.top h1{font-size:1rem;letter-spacing:-.01em;white-space:nowrap}
.top button{white-space:nowrap}
.top h1 span{font-weight:400;color:var(--soft);margin-left:.2rem}
.state{margin-left:auto;white-space:nowrap;overflow:hidden;text-overflow:ellipsis;color:var(--soft);font-size:.88rem;display:flex;align-items:center;gap:.5rem}
.state::before{content:"";width:.5rem;height:.5rem;border-radius:50%;background:var(--soft);display:none}
.state.live::before{display:block;background:#2fa36b}
.state.off::before{display:block;background:var(--wrong)}

.enter{flex:1;display:grid;place-items:center;padding:1.5rem;overflow:auto}
.enter form{width:min(28rem,100%);display:grid;gap:.6rem;padding:2rem;border:1px solid var(--line);border-radius:14px;background:var(--panel)}
.enter h2{font-size:1.35rem;letter-spacing:-.01em}
.enter label{font-weight:600;margin-top:.5rem}
.enter input{font:inherit;padding:.6rem .75rem;border:1px solid var(--line);border-radius:8px;background:var(--paper);color:var(--ink);width:100%}
.enter .soft,.enter .wrong{font-size:.88rem}
.enter .wrong:empty{display:none}
.noscript{padding:1rem 1.25rem}

.catcher{flex:1;min-height:0;display:grid;grid-template-columns:minmax(17rem,24rem) minmax(0,1fr)}
.side{display:flex;flex-direction:column;min-height:0;border-right:1px solid var(--line);background:var(--panel)}
.channels{display:flex;flex-wrap:wrap;gap:.35rem;padding:.75rem;border-bottom:1px solid var(--line)}
.channels button{padding:.2rem .7rem;border-radius:99px;border:1px solid var(--line);background:var(--paper);color:var(--ink);font-size:.85rem;font-weight:400}
.channels button[aria-pressed=true]{background:var(--accent);color:var(--onaccent);border-color:var(--accent)}
.channels .n{opacity:.75;margin-left:.3rem;font-variant-numeric:tabular-nums}
.list{list-style:none;margin:0;padding:.4rem;overflow:auto;min-height:0}
.list button{display:grid;grid-template-columns:auto minmax(0,1fr) auto;gap:.1rem .6rem;width:100%;text-align:left;padding:.6rem .7rem;border-radius:8px;background:none;color:inherit;font-weight:400}
.list button:hover{background:var(--paper)}
.list button[aria-current=true]{background:var(--pick)}
.list .to{font-weight:600;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.list time{color:var(--soft);font-size:.8rem;white-space:nowrap;font-variant-numeric:tabular-nums}
.list .line{grid-column:2/-1;color:var(--soft);font-size:.88rem;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.list .fresh{animation:fresh 1.6s ease-out}
@keyframes fresh{from{background:var(--pick)}}
@media (prefers-reduced-motion:reduce){.list .fresh{animation:none}}
.mark{display:inline-grid;place-items:center;width:1.75rem;height:1.75rem;border-radius:8px;color:var(--paper);grid-row:span 2;align-self:center}
.mark svg{width:1.05rem;height:1.05rem;fill:none;stroke:currentColor;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}
.mark.email{background:var(--email)}.mark.sms{background:var(--sms)}.mark.push{background:var(--push)}
.mark.whatsapp{background:var(--whatsapp)}.mark.inapp{background:var(--inapp)}.mark.chat{background:var(--chat)}
.older{margin:.25rem .75rem 1rem}
.empty{padding:1.25rem}
.empty pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--paper);border:1px solid var(--line);border-radius:8px;padding:.75rem}
.empty p{margin-bottom:.5rem}

.detail{min-width:0;min-height:0;overflow:auto;display:flex;flex-direction:column}
.detail:focus{outline:none}
.none{margin:auto;color:var(--soft);padding:2rem;text-align:center}
.head{display:flex;gap:.9rem;align-items:flex-start;padding:1.1rem 1.4rem .9rem}
.head .mark{width:2.4rem;height:2.4rem;border-radius:10px;flex:none}
.head .mark svg{width:1.35rem;height:1.35rem}
.head h2{font-size:1.25rem;line-height:1.3;letter-spacing:-.01em;overflow-wrap:anywhere}
.head .soft{font-size:.9rem;overflow-wrap:anywhere}
.back{display:none}
.tabs{display:flex;gap:.25rem;padding:0 1.4rem;border-bottom:1px solid var(--line);overflow-x:auto}
.tabs button{background:none;color:var(--soft);font-weight:400;border:0;border-bottom:2px solid transparent;border-radius:0;padding:.5rem .7rem;white-space:nowrap}
.tabs button[aria-selected=true]{color:var(--ink);border-bottom-color:var(--accent);font-weight:600}
.panel{flex:1;display:flex;flex-direction:column;min-height:0}
.panel.scroll{padding:1.1rem 1.4rem 2rem;display:block;overflow:auto}
.widths{display:flex;gap:.35rem;align-items:center;padding:.6rem 1.4rem;font-size:.88rem;color:var(--soft)}
.widths button[aria-pressed=true]{border-color:var(--accent);color:var(--accent)}
.stage{flex:1;min-height:22rem;display:flex;justify-content:center;background:var(--wall);padding:1rem}
.stage iframe{flex:none;width:100%;height:100%;border:0;border-radius:8px;background:#fff;box-shadow:0 1px 4px #0003}
.stage.narrow iframe{width:min(375px,100%)}
.plain{white-space:pre-wrap;overflow-wrap:anywhere;margin:0;font-size:.92rem}
.facts{display:grid;grid-template-columns:minmax(6rem,auto) minmax(0,1fr);gap:.4rem 1.2rem;margin:0}
.facts dt{color:var(--soft)}
.facts dd{margin:0;overflow-wrap:anywhere}
.links{margin:0;padding-left:1.2rem;display:grid;gap:.5rem}
.tag{display:inline-block;background:var(--panel);border:1px solid var(--line);border-radius:99px;padding:0 .6rem;font-size:.85rem;margin-right:.3rem}

.scene{flex:1;display:grid;place-items:center;padding:1.5rem;background:linear-gradient(var(--wall),var(--wall2));min-height:24rem}
.phone{width:min(22rem,100%);min-height:27rem;border-radius:2.2rem;padding:3.2rem 1rem 1.5rem;background:var(--paper);border:8px solid #22272e;position:relative;display:flex;flex-direction:column;gap:.6rem;box-shadow:0 12px 40px #0003}
.phone::before{content:"";position:absolute;top:.8rem;left:50%;width:5.5rem;height:1.3rem;margin-left:-2.75rem;border-radius:99px;background:#22272e}
.phone.lock{background:linear-gradient(160deg,#35507a,#1d2740 60%,#3a2b4d)}
.phone.wa{background:color-mix(in srgb,var(--whatsapp) 12%,var(--paper))}
.phone .who{text-align:center;color:var(--soft);font-size:.82rem;overflow-wrap:anywhere}
.phone.lock .who{color:#fff;font-size:2.6rem;font-weight:300;line-height:1.3}
.bubble{align-self:flex-start;max-width:92%;background:var(--bubble);border-radius:1.15rem 1.15rem 1.15rem .3rem;padding:.6rem .9rem;white-space:pre-wrap;overflow-wrap:anywhere}
.wa .bubble{background:var(--card);border-radius:.2rem .8rem .8rem;box-shadow:0 1px 2px #0003}
.note{font-size:.8rem;color:var(--soft);text-align:center}
.notice{display:flex;gap:.7rem;background:#f4f5f8ed;color:#1b1f24;border-radius:1.1rem;padding:.75rem .85rem}
.notice .app{flex:none;width:2.1rem;height:2.1rem;border-radius:.55rem;display:grid;place-items:center;background:#0b5cad;color:#fff}
.notice .app svg{width:1.2rem;height:1.2rem;fill:currentColor}
.notice strong,.notice span{display:block;overflow-wrap:anywhere;white-space:pre-wrap}
.notice a{color:#0b5cad;font-size:.85rem}
.feed{width:min(26rem,100%);background:var(--card);border:1px solid var(--line);border-radius:14px;box-shadow:0 12px 40px #0002;overflow:hidden}
.feed h3{font-size:.95rem;padding:.8rem 1rem;border-bottom:1px solid var(--line)}
.feed .item{display:grid;grid-template-columns:auto minmax(0,1fr);gap:.2rem .8rem;padding:1rem}
.feed .item::before{content:"";width:.55rem;height:.55rem;margin-top:.45rem;border-radius:50%;background:var(--accent);grid-row:span 3}
.feed .item *{overflow-wrap:anywhere;white-space:pre-wrap}
.room{width:min(34rem,100%);background:var(--card);border:1px solid var(--line);border-radius:14px;padding:1rem 1.1rem;display:grid;grid-template-columns:auto minmax(0,1fr);gap:.1rem .8rem;box-shadow:0 12px 40px #0002}
.room .avatar{width:2.4rem;height:2.4rem;border-radius:.6rem;background:var(--chat);color:var(--paper);display:grid;place-items:center;font-weight:700;grid-row:span 2}
.room .said{white-space:pre-wrap;overflow-wrap:anywhere}
@media (max-width:760px){
.catcher{grid-template-columns:minmax(0,1fr)}
.side{border-right:0}
.detail{display:none}
.catcher.open .side{display:none}
.catcher.open .detail{display:flex}
.back{display:block;margin:.75rem 1.4rem 0;align-self:flex-start}
.top{padding:.5rem 1rem;gap:.6rem}
}
@media (max-width:460px){.top h1 span{display:none}}
`;

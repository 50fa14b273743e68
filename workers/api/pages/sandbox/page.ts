/** The catcher as one HTML page that needs nothing else: no CDN, no font, no second request but to the API. */
import { SCRIPT } from "./script.ts";
import { STYLE } from "./style.ts";

export const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Sandbox · Carillon</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Cpath fill='%230b5cad' d='M16 3a8 8 0 0 0-8 8v7l-3 5h22l-3-5v-7a8 8 0 0 0-8-8zm-3 22a3 3 0 0 0 6 0z'/%3E%3C/svg%3E">
<style>${STYLE}</style>
</head>
<body>
<a class="skip" href="#detail">To the message</a>
<header class="top">
  <h1>Carillon <span>sandbox</span></h1>
  <p class="state" id="state" role="status"></p>
  <button type="button" class="quiet" id="leave" hidden>Use another key</button>
</header>

<main id="enter" class="enter" hidden>
  <form id="key-form">
    <h2>See what the sandbox caught</h2>
    <p>Everything that a project sends through its sandbox connections, and everything that is sent with a test key, ends up here
      instead of in front of people.</p>
    <label for="key">API key</label>
    <input id="key" name="key" type="password" autocomplete="off" spellcheck="false" required placeholder="ck_test_…" aria-describedby="key-help key-error">
    <p id="key-help" class="soft">It needs the scope <code>messages:read</code>, and stays in this tab.</p>
    <p id="key-error" class="wrong" role="alert"></p>
    <button type="submit">Open</button>
  </form>
</main>

<main id="catcher" class="catcher" hidden>
  <section class="side" aria-label="Caught messages">
    <div class="channels" id="channels" role="group" aria-label="Channel"></div>
    <ul class="list" id="list"></ul>
    <div class="empty" id="empty" hidden>
      <p><strong>Nothing caught yet.</strong></p>
      <p>Send something with a test key, and it shows up here by itself:</p>
      <pre id="example"></pre>
    </div>
    <button type="button" class="quiet older" id="older" hidden>Older messages</button>
  </section>
  <section class="detail" id="detail" tabindex="-1" aria-label="Message"></section>
</main>
<noscript><p class="noscript">This page needs JavaScript. The same data is at <code>GET /v1/sandbox/messages</code>.</p></noscript>
<script>${SCRIPT}</script>
</body>
</html>
`;

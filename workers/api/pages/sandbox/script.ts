/**
 * What runs in the page. Plain text, since nothing is built for the browser here; parsed by a test. Every
 * value goes into the page as text or as an attribute, never as HTML; an email's HTML goes into a frame that
 * may run nothing.
 */
import { DETAIL } from "./script-detail.ts";
import { DOM } from "./script-dom.ts";
import { LIST } from "./script-list.ts";

export const SCRIPT = `"use strict";(() => {${DOM}${DETAIL}${LIST}})();`;

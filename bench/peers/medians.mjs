// node medians.mjs results/X.jsonl...: a table of medians [min-max] by peer, concurrency and rate.
// Runs in which other processes took more than MAX_OTHER (default 5) percent of the machine are left out.
import { readFileSync } from "node:fs";

const most = Number(process.env.MAX_OTHER ?? 5);
const groups = {};
let left = 0;
for (const file of process.argv.slice(2)) {
  for (const line of readFileSync(file, "utf8").split("\n").filter(Boolean)) {
    const run = JSON.parse(line);
    if (run.other_cpu_pct > most) {
      left++;
      continue;
    }
    const name = `${run.peer} c=${run.concurrency}${run.rate ? ` rate=${run.rate}` : ""}${run.tag ? ` ${run.tag}` : ""}`;
    groups[name] ??= [];
    groups[name].push(run);
  }
}
const fields = [
  "accept_rps",
  "accept_p50_ms",
  "accept_p95_ms",
  "accept_p99_ms",
  "e2e_done_s",
  "e2e_msgs_per_s",
  "cpu_s_per_1000",
  "peak_rss_mb",
  "peak_pss_mb",
  "read_rps",
  "harness_cpu_s_per_1000",
  "other_cpu_pct",
  "errors",
  "duplicates",
  "delivered",
  "status_sent",
];
const cell = (runs, field) => {
  const v = runs
    .map((r) => r[field])
    .filter((x) => x !== undefined)
    .sort((a, b) => a - b);
  if (!v.length) return "-";
  const mid = v.length / 2;
  const median = v.length % 2 ? v[mid | 0] : (v[mid - 1] + v[mid]) / 2;
  return v[0] === v.at(-1) ? `${median}` : `${+median.toFixed(3)} [${v[0]}-${v.at(-1)}]`;
};
const names = Object.keys(groups);
console.log(`| | ${names.map((k) => `${k} (${groups[k].length} runs)`).join(" | ")} |`);
console.log(`|---|${names.map(() => "---:").join("|")}|`);
for (const field of fields) console.log(`| ${field} | ${names.map((k) => cell(groups[k], field)).join(" | ")} |`);
if (left) console.log(`\n${left} runs left out: other processes took more than ${most} % of the machine.`);

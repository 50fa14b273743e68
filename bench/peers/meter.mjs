// CPU and memory of process trees, read from /proc. A tree is a root pid, everything in its process
// group and session, and all descendants (Postgres gives each backend a session of its own).
import { readdirSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

const TICK = 100; // USER_HZ
const sum = (list, of) => list.reduce((total, x) => total + of(x), 0);

function processes() {
  const all = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name) || +name === process.pid) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "latin1");
      const f = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      // f[0] is field 3 of proc(5): ppid 1, pgrp 2, session 3, utime..cstime 11-14, rss 21.
      // Children that ended and were waited for are in their parent's cutime and cstime.
      all.push({ pid: +name, kin: [+f[1], +f[2], +f[3]], cpu: (+f[11] + +f[12] + +f[13] + +f[14]) / TICK, rss: +f[21] * 4096 });
    } catch {} // gone meanwhile
  }
  return all;
}

function tree(roots, all = processes()) {
  const inside = new Set(roots);
  for (let size = -1; size !== inside.size; ) {
    size = inside.size;
    for (const p of all) if (p.kin.some((k) => inside.has(k))) inside.add(p.pid);
  }
  return all.filter((p) => inside.has(p.pid));
}

function pss({ pid }) {
  try {
    return +(readFileSync(`/proc/${pid}/smaps_rollup`, "latin1").match(/^Pss:\s+(\d+)/m)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

// The whole machine: seconds busy and seconds stolen by the hypervisor.
function machine() {
  const [user, nice, system, , , irq, softirq, steal] = readFileSync("/proc/stat", "latin1")
    .split("\n")[0]
    .split(/ +/)
    .slice(1)
    .map((t) => t / TICK);
  return { busy: user + nice + system + irq + softirq, steal };
}

// meter({name: pid}, harness pids) starts; stop() gives CPU seconds in all and by name, the peaks of
// memory, and how much of the machine was taken by processes that are neither server nor harness.
// Memory is sampled in a thread of its own: RSS summed (memory shared between processes counts once
// for each) and PSS summed (counts it once).
export function meter(named, harness = []) {
  const roots = Object.values(named);
  const read = () => {
    const all = processes();
    const own = process.cpuUsage();
    return {
      at: performance.now() / 1000,
      ...machine(),
      harness: (own.user + own.system) / 1e6 + sum(tree(harness, all), (p) => p.cpu),
      by: Object.fromEntries(Object.entries(named).map(([name, pid]) => [name, sum(tree([pid], all), (p) => p.cpu)])),
    };
  };
  const thread = new Worker(new URL(import.meta.url), { workerData: roots });
  const a = read();
  return {
    async stop() {
      const b = read();
      const memory = await new Promise((resolve, reject) => {
        thread.once("message", resolve).once("error", reject);
        thread.postMessage("stop");
      });
      const by = Object.fromEntries(Object.keys(named).map((name) => [name, b.by[name] - a.by[name]]));
      const cpu_s = sum(Object.values(by), (s) => s);
      const capacity = (b.at - a.at) * cpus().length;
      const harness_s = b.harness - a.harness;
      return {
        cpu_s,
        by,
        harness_s,
        ...memory,
        other_pct: Math.max(0, ((b.busy - a.busy - cpu_s - harness_s + b.steal - a.steal) / capacity) * 100),
      };
    },
  };
}

if (!isMainThread) {
  let rss = 0;
  let shared = 0;
  let i = 0;
  const sample = () => {
    const mine = tree(workerData);
    rss = Math.max(
      rss,
      sum(mine, (p) => p.rss),
    );
    if (i++ % 5 === 0) shared = Math.max(shared, sum(mine, pss));
  };
  const timer = setInterval(sample, 250);
  parentPort.once("message", () => {
    clearInterval(timer);
    i = 0;
    sample();
    parentPort.postMessage({ rss, pss: shared });
  });
}

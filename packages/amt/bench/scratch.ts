import { createAmt, loadAmt, diffAmt, type Amt } from "@copse/amt";
import { installFastest } from "@copse/crypto/fastest";
import { type CidBytes, type Codec, cidKey, runSync } from "@copse/ipld";
await installFastest();
const u64: Codec<number> = { encode: (w, v) => void w.uint(v), decode: (r) => r.safeUint() };
const opts = { version: 3, bitWidth: 5 } as const;
const short = (c: CidBytes) => (c[6]! | (c[7]! << 8) | (c[8]! << 16)) + ((c[9]! | (c[10]! << 8) | (c[11]! << 16)) & 0x7fffff) * 0x1000000;
const store = () => { const m = new Map<number, Uint8Array>(); return { m, getSync: (c: CidBytes) => m.get(short(c)), putManySync(bs: Iterable<readonly [CidBytes, Uint8Array]>) { for (const [c, b] of bs) m.set(short(c), b); } }; };
const touched = (n: number) => Array.from({ length: Math.min(n, 10000) }, (_, j) => (j * 7919) % n);
const cpu = () => { const c = process.threadCpuUsage(); return c.user + c.system; };
/** Mean CPU of the thread: what others do on the machine is not in it. */
function measure<G>(units: number, given: () => G, run: (g: G) => void, ms = 1200): number {
  let sum = 0, reps = 0, rounds = 0, best = Infinity; 
  let k = 1; { run(given()); run(given()); const g = given(); const t = performance.now(); run(g); const took = performance.now() - t; k = took > 2 ? 1 : Math.min(300, Math.ceil(30 / took)); }
  const begun = performance.now();
  while (rounds < 4 || (performance.now() - begun < ms)) {
    const gs = Array.from({ length: k }, given); const t = cpu(); for (const g of gs) { const w = performance.now(); run(g); best = Math.min(best, (performance.now() - w) * 1e6 / units); } if (rounds > 0) { sum += cpu() - t; reps += k; } rounds++;
  }
  return Math.min(best, (sum * 1e3) / units / reps);
}
const build = (s: ReturnType<typeof store>, n: number) => { const t = createAmt(u64, opts); for (let i = 0; i < n; i++) t.setSync(i, i); return t.flushSync(s); };
let sink = 0;
function one(op: string, n: number, warm: boolean): number {
  if (op === "build") return measure(n, store, (s) => void build(s, n));
  const s = store(); const root = build(s, n); const some = touched(n); const m = some.length;
  const load = (r = root): Amt<number> => runSync(loadAmt(r, u64, opts), s);
  const warmed = (r = root) => { const t = load(r); if (warm) for (let i = 0; i < n; i++) sink += t.getSync(i, s) as number; return t; };
  const keep = warmed();
  switch (op) {
    case "set": return measure(m, warmed, (t) => { for (const i of some) t.setSync(i, i + 1, s); t.flushSync({ putManySync() {} }); });
    case "setonly": return measure(m, warmed, (t) => { for (const i of some) t.setSync(i, i + 1, s);  });
    case "get": return measure(m, warm ? () => keep : warmed, (t) => { for (const i of some) sink += t.getSync(i, s) as number; });
    case "getgen": return measure(m, warm ? () => keep : warmed, (t) => { for (const i of some) sink += runSync(t.get(i), s) as number; });
    case "delete": return measure(m, warmed, (t) => { for (const i of some) t.deleteSync(i, s); t.flushSync({ putManySync() {} }); });
    case "iterate": return measure(n, warm ? () => keep : warmed, (t) => runSync(t.walkNumbers((_i, v) => { sink += v; }), s));
    case "iteratebig": return measure(n, warm ? () => keep : warmed, (t) => runSync(t.walk((_i, v) => { sink += v; }), s));
    case "diff": {
      const t = load(); const some = touched(n).slice(0, n / 100); for (const i of some) t.setSync(i, i + 1, s); const after = t.flushSync(s);
      return measure(some.length, () => [warmed(), warmed(after)] as const, ([a, b]) => { let c = 0; runSync(diffAmt(a, b).walk(() => { c++; }), s); if (c !== some.length) throw 1; });
    }
  }
  return NaN;
}
for (const id of process.argv.slice(2)) { const [op, size, temp] = id.split(","); const n = size === "1M" ? 1e6 : size === "100k" ? 1e5 : 1e3; console.log(id, one(op!, n, temp === "warm").toFixed(1)); }

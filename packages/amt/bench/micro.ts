import { CborWriter, CborReader, cidOf, cidKey, type CidBytes } from "@copse/ipld";
import { layoutOf } from "../src/layout.ts";
import { readNode, Branch, Leaf, slotsOf } from "../src/node.ts";
import { Arena } from "../src/arena.ts";
const layout = layoutOf(3, 5);
const leaves: Uint8Array[] = [];
for (let k = 0; k < 3125; k++) { const w = new CborWriter(); w.array(3).bytes(new Uint8Array(4).fill(255)).array(0).array(32); for (let i = 0; i < 32; i++) w.uint(k * 32 + i); leaves.push(w.finish()); }
const cids = leaves.map((b) => cidOf(b));
const map = new Map(cids.map((c, i) => [cidKey(c), leaves[i]!]));
let sink = 0;
const views = cids.map(c => { const a = new Uint8Array(43); a.set(c, 5); return a; });
function t(name: string, run: () => void, per = 3125) { let best = 1e9; for (let r = 0; r < 30; r++) { const s = performance.now(); run(); best = Math.min(best, performance.now() - s); } console.log(name, ((best * 1e6) / per).toFixed(1), "ns"); }
t("readNode", () => { for (const b of leaves) sink += readNode(b, layout, 0, undefined).items; });
t("reader heads", () => { for (const b of leaves) { const r = new CborReader(b); r.array(3); sink += r.bytes().length; sink += r.array(undefined, 32); sink += r.array(undefined, 32); } });
t("new Leaf", () => { for (const b of leaves) sink += new Leaf(layout, b).items; });
t("arena copy", () => { const a = new Arena(); for (const b of leaves) { a.copy(b); sink += a.end; } });
t("slice", () => { for (const b of leaves) { sink += b.slice().length; } });
t("map get", () => { for (const c of cids) sink += map.get(cidKey(c))!.length; });
t("subarray", () => { for (const c of views) sink += c.subarray(5, 43).length; });
t("subarray+get", () => { for (const c of views) sink += map.get(cidKey(c.subarray(5, 43)))!.length; });

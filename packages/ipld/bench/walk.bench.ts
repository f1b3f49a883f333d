// Link scans, walks and sets of CIDs, beside what a user would pick. Set sizes: COPSE_BENCH_CIDS (1,000,000).
import { carBlocks } from "@copse/testkit";
import { bench } from "@copse/testkit/bench";
import * as dagCbor from "@ipld/dag-cbor";
import { decode as cborgDecode } from "cborg";
import { CID } from "multiformats/cid";
import {
  CborReader,
  type CidBytes,
  cidKey,
  cidOfDigest,
  fromCid,
  links,
  runSync,
  scanLinks,
  toCid,
} from "../src/index.ts";
import { openSeenFile } from "../src/seen-file.node.ts";
import { CidMap, CidSet, everyBlockPolicy, formatDagJson, walkAsync, walkDag, walkSync } from "../src/walk/index.ts";

const name = "chain/mainnet-genesis.car";
const held = carBlocks(name);
const store = { getSync: (cid: CidBytes) => held.get(cidKey(cid)) };
const blocks = [...held].filter(([key]) => key.length === 38 && key.charCodeAt(1) === 0x71).map(([, block]) => block);
const megabytes = blocks.reduce((sum, block) => sum + block.length, 0) / 1e6;
const root = CID.parse("bafy2bzacecnamqgqmifpluoeldx7zzglxcljo6oja4vrmtj7432rphldpdmm2").bytes;

/** The walk a user of @ipld/dag-cbor writes. */
function cidsOf(value: unknown, found: CID[]): void {
  const cid = CID.asCID(value);
  if (cid !== null) found.push(cid);
  else if (typeof value === "object" && value !== null && !ArrayBuffer.isView(value)) {
    for (const inner of Object.values(value)) cidsOf(inner, found);
  }
}
const tags = { 42: (inner: () => unknown) => CID.decode((inner() as Uint8Array).subarray(1)) };

await bench("ipld/scanLinks mainnet-genesis", {
  given: () => blocks,
  unit: "MB",
  run(all) {
    let sum = 0;
    const onLink = (offset: number): void => {
      sum += offset;
    };
    for (const block of all) scanLinks(block, onLink, { form: "chain" });
    return sum > 0 ? megabytes : 0;
  },
  beside: {
    "our links()": (all) => {
      for (const block of all) links(block, { form: "chain" });
      return megabytes;
    },
    "our skip()": (all) => {
      for (const block of all) new CborReader(block).skip();
      return megabytes;
    },
    "@ipld/dag-cbor": (all) => {
      for (const block of all) cidsOf(dagCbor.decode(block), []);
      return megabytes;
    },
    "cborg + CID": (all) => {
      for (const block of all) cidsOf(cborgDecode(block, { tags, useMaps: false }), []);
      return megabytes;
    },
  },
});

await bench("ipld/walk mainnet-genesis warm", {
  given: () => store,
  unit: "block",
  run: (from) =>
    runSync(
      walkDag(root, () => {}, { policy: everyBlockPolicy }),
      from,
    ).blocks,
  beside: {
    "our walkSync": (from) => {
      let count = 0;
      for (const _ of walkSync(root, from, { policy: everyBlockPolicy })) count++;
      return count;
    },
    "our walkAsync, 8 in flight": async (from) => {
      const later = { getBytes: async (cid: CidBytes) => from.getSync(cid) };
      let count = 0;
      for await (const _ of walkAsync(root, later, { policy: everyBlockPolicy })) count++;
      return count;
    },
    "@ipld/dag-cbor, Set": (from) => {
      const seen = new Set<string>();
      const stack = [CID.decode(root)];
      for (let cid = stack.pop(); cid !== undefined; cid = stack.pop()) {
        const key = cid.toString();
        if (seen.has(key)) continue;
        seen.add(key);
        if (cid.multihash.code === 0) continue;
        const found: CID[] = [];
        if (cid.code === 0x71) cidsOf(dagCbor.decode(from.getSync(fromCid(cid)) as Uint8Array), found);
        stack.push(...found.reverse());
      }
      return seen.size;
    },
  },
});

await bench("ipld/formatDagJson mainnet-genesis", {
  given: () => blocks,
  unit: "MB",
  run(all) {
    for (const block of all) formatDagJson(block);
    return megabytes;
  },
});

const count = Number(process.env["COPSE_BENCH_CIDS"] ?? 1_000_000);
/** CIDs of digests that are as good as random, one after another in the same bytes. */
function cidAt(): (i: number) => CidBytes {
  const cid = cidOfDigest(new Uint8Array(32));
  const view = new DataView(cid.buffer);
  return (i) => {
    for (let word = 0; word < 8; word++) {
      let mixed = Math.imul(i + word * 0x9e3779b1, 0x85ebca6b);
      mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
      view.setUint32(6 + word * 4, mixed ^ (mixed >>> 16));
    }
    return cid;
  };
}
const once = { rounds: 3, roundMs: 0, unit: "CID" };

await bench(`ipld/set add-and-ask ${count}`, {
  ...once,
  given: cidAt,
  run(at) {
    const set = new CidSet();
    for (let i = 0; i < count; i++) set.add(at(i));
    for (let i = 0; i < count; i++) if (!set.has(at(i))) throw new Error(`lost ${i}`);
    return 2 * count;
  },
  beside: {
    "our CidMap": (at) => {
      const map = new CidMap();
      for (let i = 0; i < count; i++) map.set(at(i), i);
      for (let i = 0; i < count; i++) if (map.get(at(i)) !== i) throw new Error(`lost ${i}`);
      return 2 * count;
    },
    "our openSeenFile, 2^17 in memory": (at) => {
      using set = openSeenFile({ limit: 1 << 17 });
      for (let i = 0; i < count; i++) set.add(at(i));
      for (let i = 0; i < count; i++) if (!set.has(at(i))) throw new Error(`lost ${i}`);
      return 2 * count;
    },
    "Set of latin1": (at) => {
      const set = new Set<string>();
      for (let i = 0; i < count; i++) set.add(cidKey(at(i)));
      for (let i = 0; i < count; i++) if (!set.has(cidKey(at(i)))) throw new Error(`lost ${i}`);
      return 2 * count;
    },
    "Set of cid.toString()": (at) => {
      const set = new Set<string>();
      const some = count / 10; // it is slow
      for (let i = 0; i < some; i++) set.add(toCid(at(i).slice()).toString());
      for (let i = 0; i < some; i++) if (!set.has(toCid(at(i).slice()).toString())) throw new Error(`lost ${i}`);
      return 2 * some;
    },
  },
});

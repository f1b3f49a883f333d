import { type CidBytes, type Codec, cidOf, runSync } from "@copse/ipld";
import { isCopseError, toHex, utf8 } from "@copse/primitives";
import { fuzz } from "@copse/testkit";
import { describe } from "vitest";
import { encodeNode } from "../src/flush.ts";
import { createHamt, type HamtOptions, hamtRoot, loadHamt } from "../src/index.ts";
import { layoutOf } from "../src/layout.ts";
import { loadNode } from "../src/load-node.ts";
import { wholeRoom } from "../src/room.ts";

const rawCodec: Codec<Uint8Array> = {
  encode: (writer, value) => void writer.raw(value),
  decode: (reader) => reader.skip().slice(),
};
const nothing: Uint8Array = Uint8Array.of(0xf6);

const isOurs = (error: unknown): boolean => isCopseError(error, "hamt/") || isCopseError(error, "cbor/");
const isAllowed = (error: unknown): boolean => isOurs(error) || isCopseError(error, "host/block-missing");

/** Runs what may fail in an allowed way. */
function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (!isAllowed(error)) throw error;
    return undefined;
  }
}

function assert(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

const forms: HamtOptions[] = [
  { version: 0 },
  { version: 2 },
  { version: 3 },
  { version: 3, bitWidth: 8, minDataDepth: 1 },
];

describe.each(forms)("HAMT of %o", (options) => {
  const seeds = [0, 1, 3, 200].flatMap((count) => {
    const entries = Array.from({ length: count }, (_, i) => [utf8(`${i}`), Uint8Array.of(0x61, 0x61)] as const);
    return hamtRoot(entries, rawCodec, options).blocks.map(([, block]) => block);
  });

  fuzz(
    "one node: what is read is written again, walks and diffs tell the same entries, changes leave it readable",
    seeds,
    (bytes) => {
      const layout = layoutOf(options);
      const node = loadNode(bytes, layout, 0, wholeRoom);
      const block = encodeNode(node, node.bytes, node.bytes.length);
      // but for leading zeros of the bitfield
      if (bytes[bytes[1] === 0x58 ? 3 : 2] !== 0) assert(toHex(block) === toHex(bytes), "another block is written");
      const store = { getSync: (cid: CidBytes) => (toHex(cid) === toHex(cidOf(block)) ? block : undefined) };
      const open = () => runSync(loadHamt(cidOf(block), rawCodec, options), store);
      const walked = attempt(() => [...open().entries(store)].map(([key, value]) => `${toHex(key)} ${toHex(value)}`));
      const tree = open();
      const diffed = attempt(() =>
        [...tree.diff(createHamt(rawCodec, options)).changes(store)].map((change) =>
          change.kind === "added" ? `${toHex(change.key)} ${toHex(change.after)}` : change.kind,
        ),
      );
      if (walked !== undefined)
        assert(walked.toSorted().join() === diffed?.sort().join(), "a diff tells other entries");
      for (const key of [utf8("7"), utf8("none"), ...(walked ?? []).map(() => utf8("77"))].slice(0, 3)) {
        if (attempt(() => runSync(tree.set(key, nothing), store)) === undefined) continue;
        assert(toHex(runSync(tree.get(key), store) as Uint8Array) === "f6", "what was set is not there");
        attempt(() => runSync(tree.delete(key), store));
      }
      const { root, blocks } = tree.flush();
      const all = new Map(blocks.map(([cid, made]) => [toHex(cid), made]));
      if (blocks.length > 0) runSync(loadHamt(root, rawCodec, options), { getSync: (cid) => all.get(toHex(cid)) });
    },
    isAllowed,
  );

  fuzz(
    "a tree whose every block is the same bytes",
    seeds,
    (bytes) => {
      const store = { getSync: () => bytes };
      const tree = runSync(loadHamt(cidOf(bytes), rawCodec, options), store);
      let left = 200; // a tree that is the same node all over has more entries than there is time
      const visit = (): boolean => --left > 0;
      attempt(() => runSync(tree.walk(visit), store));
      attempt(() => runSync(tree.walk(visit, { from: utf8("7") }), store));
      attempt(() => runSync(tree.diff(createHamt(rawCodec, options)).next(), store));
      for (const key of [utf8("7"), utf8("77"), utf8("none")]) {
        attempt(() => runSync(tree.get(key), store));
        attempt(() => runSync(tree.set(key, nothing), store));
        attempt(() => runSync(tree.delete(key), store));
      }
      attempt(() => runSync(tree.deleteMany([utf8("7"), utf8("8")]), store));
      tree.flush();
    },
    isAllowed,
  );
});

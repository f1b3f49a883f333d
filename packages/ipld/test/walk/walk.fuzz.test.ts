import { concatBytes, fromHex, isCopseError, toHex } from "@copse/primitives";
import { fuzz } from "@copse/testkit";
import * as dagCbor from "@ipld/dag-cbor";
import { describe } from "vitest";
import { CborReader, CborWriter, type CidBytes, cidOf, links, makeCid, runSync, toCid } from "../../src/index.ts";
import { DagDiff, everyBlockPolicy, resolvePath, walkSync } from "../../src/walk/index.ts";

const cid = toCid(cidOf(Uint8Array.of(1)));
const inline = toCid(makeCid(fromHex("820102"), { hash: 0 }));
const seeds = [
  dagCbor.encode([1, -5, new Uint8Array(40), "text", cid, null, true, { a: 1, bb: [cid, inline], c: { d: cid } }]),
  dagCbor.encode({ a: [[[[{ b: cid }]]]], "": inline }),
  concatBytes(fromHex("a3616101c1f93c00"), new CborWriter().link(cid.bytes).finish(), fromHex("61ff9f")),
  fromHex("d9d9f78281820102a16161f7"),
];
const isCbor = (error: unknown): boolean => isCopseError(error, "cbor/");

describe("fuzz", () => {
  fuzz(
    "the chain's form takes all that the strict form takes, and finds the same links",
    seeds,
    (bytes) => {
      const strict = links(bytes).map(toHex).join();
      const chain = links(bytes, { form: "chain" }).map(toHex).join();
      if (strict !== chain) throw new Error(`${strict} is not ${chain}`);
    },
    isCbor,
  );
  fuzz("links of the chain's form", seeds, (bytes) => void links(bytes, { form: "chain", maxDepth: 1024 }), isCbor);
  fuzz(
    "skip passes over what it gives",
    seeds,
    (bytes) => {
      const reader = new CborReader(bytes);
      const item = reader.skip();
      if (item.length !== reader.offset) throw new Error(`${item.length} B, offset ${reader.offset}`);
      new CborReader(item).skip();
    },
    isCbor,
  );
  fuzz(
    "resolvePath, with a path of the input's own bytes",
    seeds,
    (bytes) => {
      const segments = Array.from(bytes.subarray(0, 8), (byte) => (byte < 64 ? byte & 7 : String.fromCharCode(byte)));
      const block = bytes.subarray(Math.min(8, bytes.length));
      runSync(resolvePath(cidOf(block), segments), { getSync: () => block });
    },
    (error) => isCopseError(error, "path/"),
  );
  fuzz(
    "a diff of hostile blocks",
    seeds,
    (bytes) => {
      const halves = [
        bytes.subarray(0, bytes.length >> 1),
        bytes.subarray(bytes.length >> 1),
        bytes,
        bytes.subarray(1),
      ];
      const store = { getSync: (asked: CidBytes) => halves[(asked[10] ?? 0) % 4] };
      const [a, b] = [0, 1].map((i) => cidOf(Uint8Array.of(i)).fill(i, 10, 11)) as [CidBytes, CidBytes];
      for (const _ of new DagDiff(a, b, { limits: { maxBlocks: 50 } }).changes(store));
    },
    (error) => isCopseError(error, "walk/"),
  );
  fuzz(
    "a walk whose every link leads to a hostile block",
    seeds,
    (bytes) => {
      const limits = { maxBlocks: 50, maxBytes: 1 << 16, maxDepth: 20 };
      const store = { getSync: (asked: CidBytes) => bytes.subarray((asked[10] ?? 0) % 3) };
      for (const _ of walkSync(cid.bytes, store, { limits, policy: everyBlockPolicy }));
    },
    (error) => isCopseError(error, "walk/"),
  );
});

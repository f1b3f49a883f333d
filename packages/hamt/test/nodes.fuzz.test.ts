import { type Codec, cidOf, runSync } from "@copse/ipld";
import { isCopseError, utf8 } from "@copse/primitives";
import { fuzz } from "@copse/testkit";
import { describe } from "vitest";
import { hamtRoot, loadHamt } from "../src/index.ts";

const rawCodec: Codec<Uint8Array> = {
  encode: (writer, value) => void writer.raw(value),
  decode: (reader) => reader.skip().slice(),
};

describe.each([0, 2, 3] as const)("version %i", (version) => {
  const entries = Array.from({ length: 200 }, (_, i) => [utf8(`${i}`), Uint8Array.of(0x61, 0x61)] as const);
  fuzz(
    "a tree whose every block is the same bytes",
    [...hamtRoot(entries, rawCodec, { version }).blocks, ...hamtRoot([], rawCodec, { version }).blocks].map(
      ([, block]) => block,
    ),
    (bytes) => {
      const store = { getSync: () => bytes };
      const allowed = (run: () => unknown): void => {
        try {
          run();
        } catch (error) {
          if (!isCopseError(error, "hamt/") && !isCopseError(error, "cbor/")) throw error;
        }
      };
      const tree = runSync(loadHamt(cidOf(bytes), rawCodec, { version }), store);
      let left = 200; // a tree that is the same node all over has more entries than there is time
      const visit = (): boolean => --left > 0;
      allowed(() => runSync(tree.walk(visit), store));
      for (const key of [utf8("7"), utf8("77"), utf8("none")]) {
        allowed(() => runSync(tree.get(key), store));
        allowed(() => runSync(tree.set(key, Uint8Array.of(0x61, 0x62)), store));
        allowed(() => runSync(tree.delete(key), store));
      }
      tree.flush();
    },
    (error) => isCopseError(error, "hamt/") || isCopseError(error, "cbor/"),
  );
});

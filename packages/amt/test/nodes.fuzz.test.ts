import { type Codec, cidOf, runSync } from "@copse/ipld";
import { fromHex, isCopseError, utf8 } from "@copse/primitives";
import { fuzz } from "@copse/testkit";
import { describe } from "vitest";
import { type AmtVersion, amtRoot, diffAmt, loadAmt } from "../src/index.ts";

const rawCodec: Codec<Uint8Array> = {
  encode: (writer, value) => void writer.raw(value),
  decode: (reader) => reader.skip().slice(),
};

function seedsOf(version: AmtVersion): Uint8Array[] {
  const values = Array.from({ length: 70 }, () => utf8("a"));
  const seeds = [3, 5].flatMap((bitWidth) =>
    version === 0 && bitWidth !== 3 ? [] : amtRoot(values, rawCodec, { version, bitWidth }).blocks,
  );
  return [...seeds.map(([, block]) => block), fromHex("8303008341008080"), fromHex("8300018341018081f6")];
}

describe.each([0, 3] as const)("version %i", (version) => {
  fuzz(
    "a tree whose every block is the same bytes",
    seedsOf(version),
    (bytes) => {
      const store = { getSync: () => bytes.slice() };
      const tree = runSync(loadAmt(cidOf(bytes), rawCodec, { version }), store);
      let left = 200; // a tree that is the same node all over has more entries than there is time
      try {
        runSync(
          tree.walk(() => --left > 0),
          store,
        );
      } catch (error) {
        if (!isCopseError(error)) throw error;
      }
      for (const index of [0, 9, 2n ** 40n]) {
        runSync(tree.get(index), store);
        runSync(tree.set(index, utf8("b")), store);
        runSync(tree.delete(index), store);
      }
      tree.flush();
      runSync(tree.firstSetIndex(), store);
      runSync(tree.lastSetIndex(), store);
      runSync(
        tree.walkRange(() => undefined, { from: 2n ** 30n, limit: 5 }),
        store,
      );
      const other = runSync(loadAmt(cidOf(bytes), rawCodec, { version }), store);
      let changes = 20;
      runSync(
        diffAmt(tree, other).walk(() => --changes > 0),
        store,
      );
    },
    (error) => isCopseError(error, "amt/") || isCopseError(error, "cbor/"),
  );
});

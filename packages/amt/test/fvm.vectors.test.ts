import { CborReader, CborWriter } from "@copse/ipld";
import { toHex } from "@copse/primitives";
import { carBlocksOf, describeData, fvmVectors } from "@copse/testkit";
import { expect, it } from "vitest";
import { layoutOf } from "../src/layout.ts";
import { decodeNode, encodeNode } from "../src/node.ts";

describeData("mainnet state of network versions 17 and 18", ["fvm-test-vectors/0001-shark-01"], () => {
  const layouts = new Map([1, 2, 3, 4, 5, 6].map((bitWidth) => [bitWidth, layoutOf(3, bitWidth)]));

  /** Re-encodes a block if it is an AMT's root or node; what it was. */
  function reencode(block: Uint8Array): { readonly what: string; readonly block: Uint8Array } | undefined {
    const writer = new CborWriter();
    const reader = new CborReader(block);
    const fields = reader.array();
    if (fields === 4) {
      const layout = layouts.get(reader.safeUint());
      const [height, count] = [reader.safeUint(), reader.uint()];
      if (layout === undefined) return undefined;
      const node = decodeNode(reader, layout, height, height === 0);
      reader.end();
      writer.array(4).uint(layout.bitWidth).uint(height).uint(count);
      encodeNode(writer, layout, node);
      return { what: "root", block: writer.finish() };
    }
    const start = reader.offset;
    const bitmapLength = reader.bytes().length;
    const height = reader.array() > 0 ? 1 : 0;
    // width 8 stands for the narrower ones too: their bitmaps are a byte long as well
    const layout = [...layouts.values()].find((one) => one.bitWidth > 2 && one.bitmapLength === bitmapLength);
    if (layout === undefined || start !== 1) return undefined;
    const whole = new CborReader(block);
    const node = decodeNode(whole, layout, height, false);
    whole.end();
    encodeNode(writer, layout, node);
    return { what: "node", block: writer.finish() };
  }

  it("re-encodes every root and node to its bytes", { timeout: 120_000 }, () => {
    const seen = new Map<string, string>();
    for (const { car } of fvmVectors()) {
      for (const [key, block] of carBlocksOf(car)) {
        if ((block[0] !== 0x84 && block[0] !== 0x83) || seen.has(key)) continue;
        let again: ReturnType<typeof reencode>;
        try {
          again = reencode(block);
        } catch {
          continue;
        }
        if (again === undefined) continue;
        seen.set(key, again.what);
        expect(toHex(again.block)).toBe(toHex(block));
      }
    }
    const kinds = [...seen.values()];
    expect([kinds.filter((kind) => kind === "root").length, kinds.filter((kind) => kind === "node").length]).toEqual([
      559, 5890,
    ]);
  });
});

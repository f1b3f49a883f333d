import { CborReader, type CidBytes, cidKey, cidOf, fromCid, readCid, toCid } from "@copse/ipld";
import { readUvarint } from "@copse/primitives";
import { describeData, readData } from "@copse/testkit";
import { decodeBlockHeader, TipsetKey } from "@copse/types";
import { expect, it } from "vitest";
import type { ChainSource } from "../src/index.ts";
import { pair } from "./nodes.ts";

const genesis = "bafy2bzacecnamqgqmifpluoeldx7zzglxcljo6oja4vrmtj7432rphldpdmm2";

/** Blocks and roots of a CARv1; `@copse/car` is sideways of this package. */
function readCar(bytes: Uint8Array): { roots: CidBytes[]; blocks: Map<string, Uint8Array> } {
  const section = (at: number): { start: number; end: number } => {
    const { value, end } = readUvarint(bytes, at);
    return { start: end, end: end + Number(value) };
  };
  const head = section(0);
  const reader = new CborReader(bytes.subarray(head.start, head.end));
  const roots: CidBytes[] = [];
  for (let pairs = reader.map(); pairs > 0; pairs--) {
    if (reader.text() !== "roots") reader.skip();
    else for (let left = reader.array(); left > 0; left--) roots.push(reader.link());
  }
  const blocks = new Map<string, Uint8Array>();
  for (let at = head.end; at < bytes.length; ) {
    const { start, end } = section(at);
    const cidEnd = readCid(bytes, start).end;
    blocks.set(cidKey(bytes.subarray(start, cidEnd)), bytes.subarray(cidEnd, end));
    at = end;
  }
  return { roots, blocks };
}

function sourceOf(blocks: ReadonlyMap<string, Uint8Array>): ChainSource {
  return {
    tipset(key) {
      const headers = TipsetKey.cidBytes(key).map((cid) => blocks.get(cidKey(cid)));
      if (!headers.every((header) => header !== undefined)) return undefined;
      const first = decodeBlockHeader(headers[0] as Uint8Array);
      return { headers, parents: TipsetKey.fromCids(first.parents), height: first.height };
    },
  };
}

describeData("chain exchange of real blocks", ["chain/mainnet-export40.car"], () => {
  it("carries the first 40 epochs of mainnet from one node to the other, to genesis", async () => {
    const { roots, blocks } = readCar(readData("chain/mainnet-export40.car"));
    const [a, b] = await pair({}, { source: sourceOf(blocks) });
    let key = TipsetKey.fromCids(roots.map(toCid));
    const { tipsets, partial } = await a.client.request(b.peer, { head: key, count: 900 });
    expect(partial).toBe(true);
    expect(tipsets).toHaveLength(33);
    expect(tipsets.reduce((sum, { headers }) => sum + headers.length, 0)).toBe(49);
    let height = 40;
    for (const { headers } of tipsets) {
      expect(TipsetKey.fromCids(headers.map((header) => toCid(cidOf(header))))).toEqual(key);
      const first = decodeBlockHeader(headers[0] as Uint8Array);
      expect(first.height).toBeLessThan(height);
      height = first.height;
      if (height > 0) key = TipsetKey.fromCids(first.parents);
    }
    expect(TipsetKey.cids(key).map(String)).toEqual([genesis]);
    expect(fromCid(TipsetKey.cids(key)[0] as never)).toHaveLength(38);
  });
});

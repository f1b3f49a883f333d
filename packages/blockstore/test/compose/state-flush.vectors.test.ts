import { CborReader, type CidBytes, cidKey, encode, linkCodec, runSync } from "@copse/ipld";
import { lotusPolicy, walkDag } from "@copse/ipld/walk";
import { concatBytes, encodeUvarint, fromLatin1 } from "@copse/primitives";
import { carBlocks, describeData } from "@copse/testkit";
import { expect, it } from "vitest";
import { createTracker, createWriteBuffer, unionStoreOf } from "../../src/compose.ts";
import { type BlockEntry, createMemoryBlockstore } from "../../src/index.ts";
import { gatewaySubtree, type HttpFetch } from "../../src/remote.ts";
import { holding, laterStore } from "./bases.ts";

/** State roots of the block headers among the blocks, in the order of the file. */
function stateRoots(blocks: readonly BlockEntry[]): CidBytes[] {
  const roots = new Map<string, CidBytes>();
  for (const [, bytes] of blocks) {
    if (bytes[0] !== 0x90 || (bytes[1] ?? 0) >> 5 !== 2) continue; // an array of 16 that begins with an address
    const reader = new CborReader(bytes);
    reader.array(16);
    for (let field = 0; field < 8; field++) reader.skip();
    if (reader.peekMajor() !== 6) continue;
    const root = reader.link();
    if (blocks.some(([cid]) => cidKey(cid) === cidKey(root))) roots.set(cidKey(root), root);
  }
  return [...roots.values()];
}

const names = ["mainnet-genesis", "calibnet-genesis", "mainnet-chain4", "mainnet-export40"];
const files = names.map((name) => `chain/${name}.car`);

describeData("state of real chains", files, () => {
  for (const name of names) {
    const blocks = (): BlockEntry[] =>
      Array.from(carBlocks(`chain/${name}.car`), ([key, bytes]): BlockEntry => [fromLatin1(key), bytes]);

    it(`${name}: a flush writes the state, and nothing else`, async () => {
      const all = blocks();
      const [root] = stateRoots(all) as [CidBytes];
      const expected = new Set<string>();
      const { blocks: count } = runSync(
        walkDag(root, (cid) => expected.add(cidKey(cid)), { policy: lotusPolicy, missing: "skip" }),
        holding(all),
      );
      expect(count).toBeGreaterThan(10);
      const base = createMemoryBlockstore();
      const buffer = createWriteBuffer(base, { whenFull: "throw" });
      buffer.blocks.putManySync(all);
      expect(buffer.flushReachableSync(root)).toMatchObject({ blocks: expected.size });
      const written = Array.from(base.entriesSync(), ([cid]) => cidKey(cid));
      expect(written[0]).toBe(cidKey(root));
      expect(new Set(written)).toEqual(expected);
      expect(buffer.count).toBe(all.length - expected.size);

      const later = createMemoryBlockstore();
      const other = createWriteBuffer(laterStore(later));
      await other.blocks.putManyBytes(all);
      await other.flushReachable(root);
      expect(Array.from(later.entriesSync(), ([cid]) => cidKey(cid))).toEqual(written); // the same order
    });

    it(`${name}: what was read of a union is a witness, enough to walk the state again`, () => {
      const all = blocks();
      const [root] = stateRoots(all) as [CidBytes];
      const halves = [holding(all.filter((_, i) => i % 2 === 0)), holding(all.filter((_, i) => i % 2 === 1))];
      const tracker = createTracker(unionStoreOf(halves), { record: "each" });
      const options = { policy: lotusPolicy, missing: "skip" } as const;
      const read = runSync(
        walkDag(root, () => {}, options),
        tracker.blocks,
      );
      const witness = holding(
        tracker.recorded().map((cid): BlockEntry => [cid, tracker.blocks.getSync(cid) as Uint8Array]),
      );
      expect(
        runSync(
          walkDag(root, () => {}, options),
          witness,
        ),
      ).toEqual(read);
    });

    it(`${name}: comes whole from a gateway as a CAR`, async () => {
      const all = blocks();
      const [root] = stateRoots(all) as [CidBytes];
      const framed = (...parts: Uint8Array[]): Uint8Array[] => [
        encodeUvarint(parts.reduce((sum, part) => sum + part.length, 0)),
        ...parts,
      ];
      const header = concatBytes(
        Uint8Array.of(0xa2, 0x65),
        new TextEncoder().encode("roots"),
        Uint8Array.of(0x81),
        encode(linkCodec, root),
        Uint8Array.of(0x67),
        new TextEncoder().encode("version"),
        Uint8Array.of(1),
      );
      const parts = framed(header);
      const sent: Uint8Array[] = [];
      const { missing } = runSync(
        walkDag(
          root,
          (cid, bytes) => {
            parts.push(...framed(cid.slice(), bytes));
            sent.push(cid.slice());
          },
          { policy: lotusPolicy, missing: "skip" },
        ),
        holding(all),
      );
      const fetch: HttpFetch = async () => ({
        status: 200,
        headers: new Headers({ "content-type": "application/vnd.ipld.car" }),
        body: new Blob([concatBytes(...parts) as Uint8Array<ArrayBuffer>]).stream(),
      });
      const came: Uint8Array[] = [];
      const reading = (async () => {
        for await (const [cid] of gatewaySubtree("http://gateway", root, { fetch })) came.push(cid);
      })();
      // Links to blocks that no snapshot holds make an answer incomplete, once all that is there has come.
      if (missing > 0) await expect(reading).rejects.toMatchObject({ code: "remote/car-incomplete" });
      else await reading;
      expect(came).toEqual(sent);
    });
  }
});

import { toHex } from "@copse/primitives";
import { carBlocks, describeData, readData } from "@copse/testkit";
import { expect, it } from "vitest";
import { CborReader, type CidBytes, links, runSync, toCid } from "../../src/index.ts";
import { CidSet, everyBlockPolicy, walkAsync, walkDag, walkSync } from "../../src/walk/index.ts";
import { carInOrder } from "./car-order.ts";

const text = (cids: readonly CidBytes[]): string[] => cids.map(toHex);

const files = ["mainnet-genesis", "calibnet-genesis", "mainnet-chain4"].map((name) => `chain/${name}.car`);

describeData("order of real files", files, () => {
  for (const name of ["mainnet-genesis", "calibnet-genesis"]) {
    it(`a walk from the root gives ${name}.car block for block`, async () => {
      const { roots, order } = carInOrder(readData(`chain/${name}.car`));
      const store = carBlocks(`chain/${name}.car`);
      const options = { policy: everyBlockPolicy };
      const walked = [...walkSync(roots, store, options)];
      expect(text(walked.map(({ cid }) => cid))).toEqual(text(order));

      const called: CidBytes[] = [];
      const counts = runSync(
        walkDag(roots, (cid) => called.push(cid), options),
        store,
      );
      expect(text(called)).toEqual(text(order));
      expect(counts.blocks).toBe(order.length);

      const asked: CidBytes[] = [];
      const later = {
        async getBytes(cid: CidBytes) {
          await Promise.resolve();
          return store.getSync(cid);
        },
      };
      for await (const { cid } of walkAsync(roots, later, { ...options, concurrency: 16 })) asked.push(cid);
      expect(text(asked)).toEqual(text(order));
    });
  }

  it("a snapshot is one walk after another over one set: mainnet-chain4.car", () => {
    const { roots, order } = carInOrder(readData("chain/mainnet-chain4.car"));
    const store = carBlocks("chain/mainnet-chain4.car");
    const seen = new CidSet();
    const given: CidBytes[] = [];
    const walk = (root: CidBytes): void => {
      for (const { cid } of walkSync(root, store, { seen })) given.push(cid);
    };
    // all messages, the state of genesis alone: `lotus chain export` without flags
    for (let tipset = roots; tipset.length > 0; ) {
      let parents: CidBytes[] = [];
      for (const cid of tipset) {
        const block = store.getSync(cid) as Uint8Array;
        if (!seen.add(cid)) continue;
        given.push(cid);
        const header = readHeader(block);
        parents = header.parents;
        if (header.height === 0) given.push(...parents);
        if (header.height >= 0) walk(header.messages);
        if (header.height === 0) {
          walk(header.stateRoot);
          parents = [];
        }
      }
      tipset = parents;
    }
    expect(toCid(given[0] as CidBytes).toString()).toBe(toCid(roots[0] as CidBytes).toString());
    expect(text(given)).toEqual(text(order));
  });
});

/** Parents, height and roots of a header. */
function readHeader(block: Uint8Array): {
  parents: CidBytes[];
  height: number;
  stateRoot: CidBytes;
  messages: CidBytes;
} {
  const reader = new CborReader(block);
  reader.array(16);
  for (let field = 0; field < 5; field++) reader.skip();
  const parents = links(reader.skip());
  reader.skip();
  const height = reader.safeUint();
  const stateRoot = reader.link();
  reader.link();
  return { parents, height, stateRoot, messages: reader.link() };
}

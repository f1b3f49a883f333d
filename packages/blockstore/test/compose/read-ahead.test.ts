import { expect, it } from "vitest";
import { sampleBlocks } from "../../src/compliance/rules.ts";
import { readAhead } from "../../src/compose.ts";
import { failingStore, holding, laterStore } from "./bases.ts";
import { GatedStore, turn } from "./gated.ts";

const blocks = sampleBlocks(1, 50);
const cids = blocks.map(([cid]) => cid);

it("gives blocks in the order of the CIDs, absent ones too", async () => {
  const store = laterStore(holding(blocks.slice(1)));
  const found: unknown[] = [];
  for await (const block of readAhead(store, cids, { concurrency: 7 })) found.push(block);
  expect(found).toEqual([[cids[0], undefined], ...blocks.slice(1)]);
});

it("has so many on their way and draws no CID before it is needed", async () => {
  const gated = new GatedStore(holding(blocks));
  let drawn = 0;
  async function* source() {
    for (const cid of cids) {
      drawn++;
      yield cid;
    }
  }
  const reading = readAhead(gated.blocks, source(), { concurrency: 4 });
  const first = reading.next();
  for (let i = 0; i < 5; i++) await turn();
  expect([gated.waiting, drawn]).toEqual([4, 4]);
  await gated.pass(3); // one of the later ones: the first is still waited for
  expect(await Promise.race([first, turn().then(() => "waits")])).toBe("waits");
  await gated.pass(0);
  expect(await first).toEqual({ done: false, value: blocks[0] });
  const left = reading.return(undefined);
  await gated.passAll();
  await left;
  expect(drawn).toBe(4);
});

it("passes a failure in its turn, and ends when told to", async () => {
  const broken = readAhead(failingStore(new Error("broken")), cids);
  await expect(broken.next()).rejects.toThrow("broken");
  const controller = new AbortController();
  const reading = readAhead(laterStore(holding(blocks)), cids, { concurrency: 2, signal: controller.signal });
  await reading.next();
  controller.abort();
  await expect(
    (async () => {
      for await (const _ of reading);
    })(),
  ).rejects.toMatchObject({ code: "host/aborted" });
});

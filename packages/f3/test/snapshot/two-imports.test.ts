import { describe, expect, it } from "vitest";
import { exportF3Snapshot, importF3Snapshot } from "../../src/snapshot/index.ts";
import { type KeyValueStore, openCertificateStore, reopenCertificateStore } from "../../src/store/index.ts";
import { gathered, OpenStore } from "../store/kinds.ts";
import { formCheck, snapshotOf, unsignedChain } from "../unsigned-chain.ts";

const count = 200;
const made = unsignedChain(count);
const snapshot = snapshotOf(made);
const options = () => ({ manifest: made.manifest, check: formCheck(), batch: 16 });

/** The rows as another process has them: the same, through another object. */
const handleOf = (kv: OpenStore): KeyValueStore => ({
  get: (key) => kv.get(key),
  batch: (changes) => kv.batch(changes),
});

/** A source that stops behind some of its bytes until it is told to go on. */
function held(bytes: Uint8Array, share: number) {
  const [reached, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const at = Math.floor(bytes.length * share);
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield bytes.subarray(0, at);
    reached.resolve();
    await gate.promise;
    yield bytes.subarray(at);
  }
  return { source: pieces(), reached: reached.promise, goOn: gate.resolve };
}

const ended = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "done",
    (error: { code?: string }) => error.code,
  );

/** Lets whoever waits for nothing but rows in memory come to rest. */
async function settled(kv: OpenStore): Promise<void> {
  for (let quiet = 0, seen = -1; quiet < 20; quiet++) {
    await new Promise((resolve) => setTimeout(resolve));
    if (kv.reads + kv.writes !== seen) quiet = 0;
    seen = kv.reads + kv.writes;
  }
}

async function expectWhole(kv: OpenStore): Promise<void> {
  const store = await reopenCertificateStore(kv);
  expect(store?.latest?.instance).toBe(count - 1);
  if (store === undefined) return;
  expect(Buffer.compare(await gathered(exportF3Snapshot(store)), snapshot)).toBe(0);
  expect((await store.position()).nextInstance).toBe(count);
  expect(kv.rows.has("/import")).toBe(false);
  expect([...kv.rows.keys()].filter((key) => key.includes("/certs/")).length).toBe(count);
}

describe("two imports into one place", () => {
  it("are refused where both have the same object, whatever store they go through", async () => {
    const kv = new OpenStore();
    const slow = held(snapshot, 0.5);
    const first = ended(importF3Snapshot(slow.source, kv, options()));
    await settled(kv);
    expect(await ended(importF3Snapshot(snapshot, kv, options()))).toBe("f3/store-import-running");
    const root = { networkName: "made", initialInstance: 0, initialPowerTable: made.tables[0] as never };
    const other = await openCertificateStore(kv, root);
    expect(await ended(importF3Snapshot(snapshot, other, options()))).toBe("f3/store-import-running");
    slow.goOn();
    expect(await first).toBe("done");
    await expectWhole(kv);
    expect(await ended(importF3Snapshot(snapshot, kv, options()))).toBe("done"); // the mark is gone
  });

  // Where the one that loses stands meanwhile: before its first row, or with rows that the winner takes up.
  for (const share of [0.04, 0.5, 0.99]) {
    it(`leave what the winner has made, where the other stood at ${share}`, async () => {
      const kv = new OpenStore();
      const slow = held(snapshot, share);
      const loser = ended(importF3Snapshot(slow.source, handleOf(kv), options()));
      await settled(kv);
      expect(kv.rows.has("/import")).toBe(share > 0.1);
      expect(await ended(importF3Snapshot(snapshot, handleOf(kv), options()))).toBe("done");
      const content = kv.content();
      slow.goOn();
      expect(await loser).toBe("f3/store-changed");
      expect(kv.content()).toBe(content);
      await expectWhole(kv);
    });

    it(`leave what the one has made that wrote next, where the second took up rows and stood at ${share}`, async () => {
      const kv = new OpenStore();
      const [one, two] = [held(snapshot, 0.5), held(snapshot, share)];
      const winner = ended(importF3Snapshot(one.source, handleOf(kv), options()));
      await settled(kv);
      const loser = importF3Snapshot(two.source, handleOf(kv), options());
      const lost = ended(loser);
      await settled(kv);
      one.goOn();
      const [first, content] = [await (share === 0.99 ? settled(kv).then(() => "") : winner), kv.content()];
      two.goOn();
      // Whoever wrote last has the rows: behind the half that is the second.
      if (share === 0.99) expect([await winner, await lost]).toEqual(["f3/store-changed", "done"]);
      else {
        expect([first, await lost]).toEqual(["done", "f3/store-changed"]);
        expect(kv.content()).toBe(content);
      }
      await expectWhole(kv);
    });
  }

  it("leave what the winner has made, where the other fails or is stopped after that", async () => {
    const bad = snapshotOf(made, count - 1, (bytes, instance) => (instance === 150 ? bytes.slice(0, -1) : bytes));
    for (const way of ["bad", "aborted"]) {
      const kv = new OpenStore();
      const slow = held(way === "bad" ? bad : snapshot, 0.5);
      const stop = new AbortController();
      const loser = ended(importF3Snapshot(slow.source, handleOf(kv), { ...options(), signal: stop.signal }));
      await settled(kv);
      expect(await ended(importF3Snapshot(snapshot, handleOf(kv), options()))).toBe("done");
      const content = kv.content();
      if (way === "aborted") stop.abort(new Error("enough"));
      slow.goOn();
      expect(await loser).toMatch(way === "bad" ? /^f3\// : /^host\/aborted$/);
      expect(kv.content()).toBe(content);
      await expectWhole(kv);
    }
  });

  it("do no harm with a row that tells of what is in the store already", async () => {
    const kv = new OpenStore();
    const half = held(snapshot, 0.5);
    const stop = new AbortController();
    const begun = importF3Snapshot(half.source, kv, { ...options(), signal: stop.signal, resumable: true });
    await settled(kv);
    stop.abort(new Error("enough"));
    await ended(begun);
    const row = kv.rows.get("/import") as Uint8Array;
    const generation = [...kv.rows.keys()].find((key) => key.includes("/certs/"))?.split("/")[1];
    expect(generation).toBe("1");
    // Stored up to an instance before the row's end, in the row's own generation: as losers of old have left it.
    await importF3Snapshot(snapshotOf(made, 49), kv, options());
    kv.rows.set("/import", row);
    expect(await ended(importF3Snapshot(snapshot, kv, options()))).toBe("done");
    await expectWhole(kv);
  });
});

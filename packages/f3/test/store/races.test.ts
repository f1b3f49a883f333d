// Handles of one place that write at the same moment: one goes on, the other is told, and no certificate is lost or doubled.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AsyncDatabase, createMemoryDatabase } from "@copse/blockstore";
import { openLevelDatabase } from "@copse/blockstore/level";
import { openLmdbDatabase } from "@copse/blockstore/lmdb";
import { latin1 } from "@copse/primitives";
import { afterAll, describe, expect, it } from "vitest";
import { exportF3Snapshot, importF3Snapshot } from "../../src/snapshot/index.ts";
import {
  type CertificateStore,
  type KeyValueStore,
  openCertificateStore,
  reopenCertificateStore,
  rowsAsStore,
} from "../../src/store/index.ts";
import { formCheck, snapshotOf, unsignedChain } from "../unsigned-chain.ts";
import { gathered, OpenStore } from "./kinds.ts";

const count = 60;
const made = unsignedChain(count);
const snapshot = snapshotOf(made);
const root = { networkName: "made", initialInstance: 0, initialPowerTable: made.tables[0] as never };
const part = (from: number, to: number) => made.certificates.slice(from, to);
const folder = mkdtempSync(join(tmpdir(), "copse-f3-races-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ended = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "done",
    (error: { code?: string }) => error.code ?? error,
  );

/** A handle whose write of a number waits, when all that is looked at before it has been, until it is told to go on. */
function holding(kv: KeyValueStore, number: number) {
  const [reached, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let writes = 0;
  const turn = async (): Promise<void> => {
    if (writes++ !== number) return;
    reached.resolve();
    await gate.promise;
  };
  const { batchIf } = kv;
  const handle: KeyValueStore = {
    get: (key) => kv.get(key),
    batch: async (changes) => {
      await turn();
      return kv.batch(changes);
    },
    batchIf:
      batchIf &&
      (async (expected, changes) => {
        await turn();
        return batchIf(expected, changes);
      }),
  };
  return { handle, reached: reached.promise, goOn: gate.resolve };
}

/** What a place holds is a chain without a gap, each row of which is what was made. */
async function expectSound(kv: KeyValueStore, latest: number): Promise<CertificateStore> {
  const store = (await reopenCertificateStore(kv)) as CertificateStore;
  expect(store.latest?.instance).toBe(latest);
  for (let instance = 0; instance <= latest; instance++)
    expect(await store.get(instance)).toEqual(made.bytes[instance]);
  expect((await store.position()).nextInstance).toBe(latest + 1);
  return store;
}

const places: readonly (readonly [name: string, open: () => Promise<AsyncDatabase>])[] = [
  ["memory", async () => createMemoryDatabase()],
  ["LMDB", () => openLmdbDatabase(join(mkdtempSync(join(folder, "a")), "lmdb"))],
  ["LMDB on a thread", () => openLmdbDatabase(join(mkdtempSync(join(folder, "b")), "lmdb"), { thread: true })],
  ["Level", () => openLevelDatabase(join(mkdtempSync(join(folder, "c")), "level"))],
];

describe.each(places)("two handles of %s", (_, open) => {
  it("that put at one moment: one is told to open again", async () => {
    await using database = await open();
    const [one, two] = [rowsAsStore(database, "f3"), rowsAsStore(database, "f3")];
    for (let at = 0; at < count; at += 10) {
      const [first, second] = [await openCertificateStore(one, root), await openCertificateStore(two, root)];
      const puts = [first.put(part(at, at + 10), formCheck()), second.put(part(at, at + 5), formCheck())];
      const told = await Promise.all(puts.map(ended));
      expect([...told].sort()).toEqual(["done", "f3/store-changed"]);
      const latest = told[0] === "done" ? at + 9 : at + 4;
      expect((told[0] === "done" ? first : second).latest?.instance).toBe(latest);
      await expectSound(one, latest);
      await (await openCertificateStore(two, root)).put(part(at, at + 10), formCheck());
    }
    await expectSound(two, count - 1);
  });

  it("a put that has looked and not yet written loses to one that writes meanwhile, a put or an import", async () => {
    for (const stored of [0, 20]) {
      for (const other of ["put", "import"]) {
        await using database = await open();
        const kv = rowsAsStore(database, "f3");
        await (await openCertificateStore(kv, root)).put(part(0, stored), formCheck());
        const slow = holding(rowsAsStore(database, "f3"), 0);
        const loser = ended((await openCertificateStore(slow.handle, root)).put(part(0, 25), formCheck()));
        await slow.reached;
        const options = { manifest: made.manifest, check: formCheck(), batch: 16 };
        if (other === "import") await importF3Snapshot(snapshot, kv, options);
        else await (await openCertificateStore(kv, root)).put(made.certificates, formCheck());
        slow.goOn();
        expect(await loser).toBe("f3/store-changed");
        await expectSound(kv, count - 1);
      }
    }
  });
});

describe("an import that has looked and not yet written", () => {
  const options = () => ({ manifest: made.manifest, check: formCheck(), batch: 16 });

  // its writes: four of rows, then the one that makes them part of the store
  for (const number of [0, 1, 2, 3, 4]) {
    it(`its row ${number}, loses to another import`, async () => {
      const database = createMemoryDatabase();
      const kv = rowsAsStore(database, "f3");
      const slow = holding(rowsAsStore(database, "f3"), number);
      const loser = ended(importF3Snapshot(snapshot, slow.handle, options()));
      await slow.reached;
      await importF3Snapshot(snapshot, kv, options());
      const rows = await gathered(rowsOf(database));
      slow.goOn();
      expect(await loser).toBe("f3/store-changed");
      expect(await gathered(rowsOf(database))).toEqual(rows);
      const store = await expectSound(kv, count - 1);
      expect(await gathered(exportF3Snapshot(store))).toEqual(snapshot);
      const keys = [...database.rows("f3").range()].map(([key]) => latin1(key));
      expect(keys.filter((key) => key.includes("/certs/")).length).toBe(count);
    });

    it(`its row ${number}, goes on behind a put of another handle, or is told`, async () => {
      const database = createMemoryDatabase();
      const kv = rowsAsStore(database, "f3");
      const slow = holding(rowsAsStore(database, "f3"), number);
      const importing = ended(importF3Snapshot(snapshot, slow.handle, options()));
      await slow.reached;
      await (await openCertificateStore(kv, root)).put(part(0, 40), formCheck());
      slow.goOn();
      expect(await importing).toBe("f3/store-changed");
      await expectSound(kv, 39);
      await importF3Snapshot(snapshot, kv, options());
      await expectSound(kv, count - 1);
      expect(await kv.get(Buffer.from("/import"))).toBeUndefined();
    });
  }

  it("its row goes on where the put came through its own store", async () => {
    const database = createMemoryDatabase();
    const slow = holding(rowsAsStore(database, "f3"), 1);
    const store = await openCertificateStore(slow.handle, root);
    const importing = ended(importF3Snapshot(snapshot, store, options()));
    await slow.reached;
    await store.put(part(0, 40), formCheck());
    slow.goOn();
    expect(await importing).toBe("done");
    await expectSound(slow.handle, count - 1);
  });
});

async function* rowsOf(database: AsyncDatabase): AsyncGenerator<Uint8Array> {
  for await (const [key, value] of database.rows("f3").readRange()) yield* [key, value];
}

it("a store without `batchIf` is as good among those who share its object", async () => {
  const kv = new OpenStore();
  const [one, two] = [await openCertificateStore(kv, root), await openCertificateStore(kv, root)];
  const told = await Promise.all([one.put(part(0, 30), formCheck()), two.put(part(0, 20), formCheck())].map(ended));
  expect(told).toEqual(["done", "f3/store-changed"]);
  await expectSound(kv, 29);
});

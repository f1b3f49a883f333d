import { installFastest } from "@copse/crypto/fastest";
import { seeded } from "@copse/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeCertificate } from "../../src/certificate.ts";
import { exportF3Snapshot, type ImportSnapshotOptions, importF3Snapshot } from "../../src/snapshot/index.ts";
import { checkHere, openCertificateStore } from "../../src/store/index.ts";
import type { FinalityCertificate } from "../../src/types.ts";
import { type GoFacts, jsonVector, readGoChain, vector } from "../go-chain.ts";
import { random } from "../golden.ts";
import { everyKind, gathered, OpenStore } from "../store/kinds.ts";
import { formCheck, inPieces, snapshotOf, type UnsignedChain, unsignedChain } from "../unsigned-chain.ts";

const made = unsignedChain(1700, { first: 7 });
const snapshot = snapshotOf(made);
const rootOf = ({ manifest, tables }: UnsignedChain) => ({
  networkName: manifest.networkName,
  initialInstance: manifest.initialInstance,
  initialPowerTable: tables[0] as (typeof tables)[0],
});
const options = (change: Partial<ImportSnapshotOptions> = {}): ImportSnapshotOptions => ({
  manifest: made.manifest,
  check: formCheck(),
  batch: 512,
  ...change,
});

/** The bytes of a snapshot of all that a store holds, opened again. */
async function exported(kv: OpenStore, chain: UnsignedChain = made): Promise<Uint8Array | undefined> {
  const store = await openCertificateStore(kv, rootOf(chain));
  return store.latest === undefined ? undefined : gathered(exportF3Snapshot(store));
}

const same = (a: Uint8Array | undefined, b: Uint8Array): boolean => a !== undefined && Buffer.compare(a, b) === 0;

const { kinds, remove } = everyKind();
beforeAll(async () => {
  await installFastest();
});
afterAll(remove);

for (const kind of kinds) {
  it(`imports what go-f3 exported into ${kind.name}, and exports the same`, async () => {
    const { manifest } = readGoChain();
    const bytes = vector("go-chain.f3snap");
    const { kv, close } = await kind.open();
    const done = await importF3Snapshot(inPieces(bytes, 999), kv, { manifest, check: checkHere(random) });
    expect(done).toMatchObject({ added: 64, verified: 64, resumed: 0, bytes: bytes.length });
    expect(done.cid.toString()).toBe(jsonVector<GoFacts>("go-chain.json").cid);
    await close();
    const again = await kind.open();
    const { store, added, verified } = await importF3Snapshot([bytes], again.kv, { manifest, check: formCheck() });
    expect([added, verified]).toEqual([0, 0]);
    expect(same(await gathered(exportF3Snapshot(store)), bytes)).toBe(true);
    await again.close();
  });
}

describe("an import", () => {
  it("makes a shorter store longer, verifying only what is new", async () => {
    const kv = new OpenStore();
    for (const [latest, fresh] of [
      [20, 14],
      [1438, 1418],
      [1439, 1],
      [1440, 1],
      [1706, 266],
    ] as const) {
      const check = formCheck();
      const done = await importF3Snapshot([snapshotOf(made, latest)], kv, options({ check }));
      expect(done).toMatchObject({ added: fresh, verified: fresh, resumed: 0 });
      expect(check.seen.length).toBe(fresh);
      expect(same(await exported(kv), snapshotOf(made, latest))).toBe(true);
    }
    const store = await openCertificateStore(kv, rootOf(made));
    for (const instance of [7, 8, 21, 1439, 1440, 1441, 1706, 1707]) {
      const expected = made.tables[instance - 7]?.cid.toString();
      expect((await store.powerTable(instance)).cid.toString(), `instance ${instance}`).toBe(expected);
    }
    const shorter = await importF3Snapshot([snapshotOf(made, 99)], kv, options());
    expect(shorter).toMatchObject({ added: 0, verified: 0 });
    expect(same(await exported(kv), snapshot)).toBe(true);
  });

  it("goes into a store that is open, which takes puts after it", async () => {
    const kv = new OpenStore();
    const store = await openCertificateStore(kv, rootOf(made));
    await store.put(made.certificates.slice(0, 100), formCheck());
    await importF3Snapshot([snapshotOf(made, 1500)], store, options());
    expect(store.latest?.instance).toBe(1500);
    const { accepted } = await store.put(made.certificates.slice(1400, 1700), formCheck());
    expect([accepted, store.latest?.instance]).toEqual([300, 1706]);
    expect(same(await exported(kv), snapshot)).toBe(true);
  });

  it("agrees with what is put while it runs", async () => {
    const kv = new OpenStore();
    const store = await openCertificateStore(kv, rootOf(made));
    await store.put(made.certificates.slice(0, 10), formCheck());
    let puts = 0;
    const onProgress = ({ instance }: { instance: number }): void => {
      // half as fast, then ahead of the import
      const upTo = instance < 1000 ? Math.floor(instance / 2) : instance + 300;
      puts++;
      void store.put(made.certificates.slice(0, upTo), formCheck());
    };
    const done = await importF3Snapshot([snapshot], store, options({ onProgress }));
    expect(puts).toBeGreaterThan(3);
    expect(store.latest?.instance).toBe(1706);
    expect(done.added).toBeGreaterThanOrEqual(0);
    expect(same(await exported(kv), snapshot)).toBe(true);
    expect([...kv.rows.keys()].filter((key) => key.includes("/certs/")).length).toBe(1700); // nothing twice
    expect(kv.rows.has("/import")).toBe(false);
  });

  it("refuses what decides otherwise than the store, and names the instance", async () => {
    const kv = new OpenStore();
    await importF3Snapshot([snapshotOf(made, 1000)], kv, options());
    const before = kv.content();
    for (const forkAt of [7, 700, 1000]) {
      const fork = snapshotOf(unsignedChain(1300, { first: 7, forkAt }));
      await expect(importF3Snapshot([fork], kv, options())).rejects.toMatchObject({
        code: "f3/snapshot-conflict",
        facts: { instance: forkAt },
      });
      expect(kv.content()).toBe(before);
    }
    const later = snapshotOf(unsignedChain(1300, { first: 7, forkAt: 1001 }));
    expect(await importF3Snapshot([later], kv, options())).toMatchObject({ added: 306 });
  });

  it("tells a conflict with what is put while it runs", async () => {
    const kv = new OpenStore();
    const store = await openCertificateStore(kv, rootOf(made));
    await store.put(made.certificates.slice(0, 10), formCheck());
    const fork = unsignedChain(1500, { first: 7, forkAt: 600 });
    const onProgress = (): void => void store.put(made.certificates.slice(0, 1700), formCheck());
    await expect(importF3Snapshot([snapshotOf(fork, 1500)], store, options({ onProgress }))).rejects.toMatchObject({
      code: "f3/snapshot-conflict",
      facts: { instance: 600 },
    });
    expect(store.latest?.instance).toBe(1706);
    expect(same(await exported(kv), snapshotOf(made, 1706))).toBe(true);
  });

  it("takes other signatures under the same decisions, if they are good", async () => {
    const kv = new OpenStore();
    await importF3Snapshot([snapshotOf(made, 1000)], kv, options());
    const resigned = unsignedChain(1300, { first: 7, forkAt: 1e9, resignAt: 900 });
    const check = formCheck();
    expect(await importF3Snapshot([snapshotOf(resigned)], kv, options({ check }))).toMatchObject({ added: 306 });
    expect(check.seen).toContain(900);
    const store = await openCertificateStore(kv, rootOf(made));
    expect(await store.get(1000)).toEqual(made.bytes[993]); // what was there stays
    const unsigned = snapshotOf(made, 1000, (block, instance) =>
      instance === 950
        ? encodeCertificate({ ...(made.certificates[943] as FinalityCertificate), signature: new Uint8Array(96) })
        : block,
    );
    await expect(importF3Snapshot([unsigned], kv, options())).rejects.toMatchObject({
      code: "f3/signature-wrong",
      facts: { instance: 950 },
    });
  });

  it("does not go into a store of another root, nor twice at once", async () => {
    const kv = new OpenStore();
    const store = await openCertificateStore(kv, rootOf(made));
    const other = { ...made.manifest, networkName: "other" };
    await expect(importF3Snapshot([snapshot], store, options({ manifest: other }))).rejects.toMatchObject({
      code: "f3/store-other-root",
    });
    await store.put(made.certificates.slice(0, 10), formCheck());
    await expect(importF3Snapshot([snapshot], kv, options({ manifest: other }))).rejects.toMatchObject({
      code: "f3/store-other-root",
    });
    const running = importF3Snapshot([snapshot], store, options());
    await expect(importF3Snapshot([snapshot], store, options())).rejects.toMatchObject({
      code: "f3/store-import-running",
    });
    expect((await running).added).toBe(1690);
  });
});

describe("an import that fails", () => {
  const bad = snapshotOf(made, undefined, (block, instance) => (instance === 1600 ? block.slice(0, -1) : block));

  it("leaves every row as it was, whether the store was empty or not", async () => {
    for (const stored of [0, 50]) {
      const kv = new OpenStore();
      const store = await openCertificateStore(kv, rootOf(made));
      await store.put(made.certificates.slice(0, stored), formCheck());
      const before = kv.content();
      const cut = importF3Snapshot([bad], store, options());
      await expect(cut).rejects.toMatchObject({ code: "f3/snapshot-certificate-malformed", facts: { instance: 1600 } });
      expect(kv.content()).toBe(before);
      const short = importF3Snapshot([snapshot.subarray(0, -1)], store, options());
      await expect(short).rejects.toMatchObject({ code: "f3/snapshot-cut", facts: { instance: 1706 } });
      expect(kv.content()).toBe(before);
      await importF3Snapshot([snapshot], store, options());
      expect(same(await exported(kv), snapshot)).toBe(true);
    }
  });

  it("leaves every row as it was where it is aborted, at any point", async () => {
    const random20 = seeded(20);
    let aborted = 0;
    for (let round = 0; round < 12; round++) {
      const kv = new OpenStore();
      const store = await openCertificateStore(kv, rootOf(made));
      await store.put(made.certificates.slice(0, 50), formCheck());
      const before = kv.content();
      const stop = new AbortController();
      let left = Math.floor(random20() * 300);
      const piece = 1 + Math.floor(random20() * 5000);
      function* pieces(): Generator<Uint8Array> {
        for (const bytes of inPieces(snapshot, piece)) {
          if (left-- === 0) stop.abort(new Error("enough"));
          yield bytes;
        }
      }
      try {
        await importF3Snapshot(pieces(), store, options({ signal: stop.signal }));
      } catch (error) {
        expect(error).toMatchObject({ code: "host/aborted" });
        aborted++;
        expect(kv.content()).toBe(before);
        expect(store.latest?.instance).toBe(56);
      }
    }
    expect(aborted).toBeGreaterThan(2);
  });

  it("shows nothing of itself, whichever write fails", async () => {
    let failed = 0;
    for (let number = 0; number < 40; number++) {
      const kv = new OpenStore();
      const store = await openCertificateStore(kv, rootOf(made));
      await store.put(made.certificates.slice(0, 50), formCheck());
      const before = kv.content();
      // one write fails, and with every third number all after it: then nothing can be taken away either
      const first = kv.writes + number;
      kv.onBatch = (at) => {
        if (at === first || (at > first && number % 3 === 0)) throw new Error("the disk is full");
      };
      try {
        await importF3Snapshot([snapshot], store, options());
        break;
      } catch (error) {
        expect((error as Error).message).toBe("the disk is full");
        failed++;
      }
      kv.onBatch = () => {};
      if (number % 3 !== 0) expect(kv.content()).toBe(before);
      expect(same(await exported(kv), snapshotOf(made, 56))).toBe(true);
      const again = await importF3Snapshot([snapshot], kv, options());
      expect(again.added).toBe(1650);
      expect(same(await exported(kv), snapshot)).toBe(true);
      expect(kv.rows.has("/import")).toBe(false);
    }
    expect(failed).toBeGreaterThan(4);
  });
});

describe("an import whose write fails though it became durable", () => {
  it("shows nothing of itself before its last write, and all of itself then", async () => {
    let [failed, whole] = [0, 0];
    for (let number = 0; number < 40; number++) {
      const kv = new OpenStore();
      const store = await openCertificateStore(kv, rootOf(made));
      await store.put(made.certificates.slice(0, 50), formCheck());
      const before = kv.content();
      const first = kv.writes + number;
      kv.onDone = (at) => {
        if (at === first) throw new Error("the answer is lost");
      };
      try {
        await importF3Snapshot([snapshotOf(made, 1600)], store, options());
        break;
      } catch (error) {
        expect((error as Error).message).toBe("the answer is lost");
        failed++;
      }
      kv.onDone = () => {};
      const isWhole = store.latest?.instance === 1600;
      if (isWhole) whole++;
      else expect(kv.content()).toBe(before);
      expect(same(await exported(kv), snapshotOf(made, isWhole ? 1600 : 56))).toBe(true);
      expect(kv.rows.has("/import")).toBe(false);
      const { accepted } = await store.put(made.certificates.slice(50, 90), formCheck());
      expect(accepted).toBe(40);
      await importF3Snapshot([snapshot], store, options());
      expect(same(await exported(kv), snapshot)).toBe(true);
    }
    expect([failed > 3, whole]).toEqual([true, 1]);
  });
});

describe("an import that was killed", () => {
  /** Rows as a kill at a write leaves them. */
  async function killedAt(number: number, stored = 0, source = snapshot): Promise<OpenStore> {
    const kv = new OpenStore();
    const store = await openCertificateStore(kv, rootOf(made));
    await store.put(made.certificates.slice(0, stored), formCheck());
    const first = kv.writes + number;
    const left = new OpenStore();
    kv.onBatch = (at) => {
      if (at === first) for (const [key, value] of kv.rows) left.rows.set(key, value);
    };
    await importF3Snapshot([source], store, options());
    return left;
  }

  it("goes on where it was, without verifying again", async () => {
    for (const stored of [0, 50]) {
      for (let number = 1; number < 5; number++) {
        const kv = await killedAt(number, stored);
        expect(same(await exported(kv), snapshotOf(made, 6 + stored))).toBe(stored > 0);
        const check = formCheck();
        const done = await importF3Snapshot([snapshot], kv, options({ check }));
        expect(done.resumed).toBeGreaterThan(stored === 0 ? 500 : 400);
        expect(done.verified).toBe(1700 - stored - done.resumed);
        expect(check.seen.length).toBe(done.verified);
        expect(done.added).toBe(1700 - stored);
        expect(same(await exported(kv), snapshot)).toBe(true);
        expect([...kv.rows.keys()].filter((key) => key.includes("/certs/")).length).toBe(1700);
      }
    }
  });

  it("goes on with a longer snapshot, and with a shorter one as far as that goes", async () => {
    const longer = await killedAt(2, 0, snapshotOf(made, 1300));
    expect(await importF3Snapshot([snapshot], longer, options())).toMatchObject({ added: 1700, resumed: 1024 });
    const shorter = await killedAt(3);
    expect(await importF3Snapshot([snapshotOf(made, 1000)], shorter, options())).toMatchObject({
      added: 994,
      resumed: 994,
      verified: 0,
    });
    expect(same(await exported(shorter), snapshotOf(made, 1000))).toBe(true);
    expect([...shorter.rows.keys()].filter((key) => key.includes("/certs/")).length).toBe(994);
  });

  it("verifies anew from where the source is another one", async () => {
    for (const other of [
      { forkAt: 1200, code: 1200 },
      { forkAt: 1e9, resignAt: 1200, code: 1200 },
    ]) {
      const kv = await killedAt(4);
      const chain = unsignedChain(1300, { first: 7, ...other });
      const check = formCheck();
      const done = await importF3Snapshot([snapshotOf(chain)], kv, options({ check }));
      expect(done).toMatchObject({ added: 1300, resumed: 1193, verified: 107 });
      expect(check.seen[0]).toBe(1200);
      expect(same(await exported(kv, chain), snapshotOf(chain))).toBe(true);
      expect([...kv.rows.keys()].filter((key) => key.includes("/certs/")).length).toBe(1300);
    }
  });

  it("counts for nothing under another root", async () => {
    const kv = await killedAt(3);
    // The same certificates, byte for byte, but for a network where nobody has signed them.
    const other = { ...made.manifest, networkName: "other" };
    const check = formCheck();
    const done = await importF3Snapshot([snapshot], kv, options({ manifest: other, check }));
    expect(done).toMatchObject({ resumed: 0, verified: 1700 });
    expect(done.store.networkName).toBe("other");
  });

  it("gives way to what was put since", async () => {
    for (const put of [300, 1200, 1650]) {
      const kv = await killedAt(3, 50);
      const store = await openCertificateStore(kv, rootOf(made));
      await store.put(made.certificates.slice(0, put), formCheck());
      await importF3Snapshot([snapshot], store, options());
      expect(same(await exported(kv), snapshot)).toBe(true);
      expect([...kv.rows.keys()].filter((key) => key.includes("/certs/")).length).toBe(1700);
    }
    const kv = await killedAt(3, 50);
    const fork = unsignedChain(400, { first: 7, forkAt: 100 });
    const store = await openCertificateStore(kv, rootOf(made));
    await store.put(fork.certificates, formCheck());
    await expect(importF3Snapshot([snapshot], store, options())).rejects.toMatchObject({
      code: "f3/snapshot-conflict",
      facts: { instance: 100 },
    });
    expect(same(await exported(kv, fork), snapshotOf(fork))).toBe(true);
    expect(kv.rows.has("/import")).toBe(false);
  });

  it("is killed while it takes up, or takes away, what another has left", async () => {
    const kv = await killedAt(4);
    for (let number = 0; number < 9; number++) {
      // another fork makes it cut off and write anew; all writes fail from some point on, as after a kill
      const fork = snapshotOf(unsignedChain(1500, { first: 7, forkAt: 900 - number }));
      const first = kv.writes + (number % 3);
      kv.onBatch = (at) => {
        if (at >= first) throw new Error("killed");
      };
      await expect(importF3Snapshot([fork], kv, options())).rejects.toThrow("killed");
      kv.onBatch = () => {};
      expect(await exported(kv)).toBeUndefined();
    }
    await importF3Snapshot([snapshot], kv, options());
    expect(same(await exported(kv), snapshot)).toBe(true);
    expect([...kv.rows.keys()].filter((key) => key.includes("/certs/")).length).toBe(1700);
  });

  it("is what an abort looks like, where that was asked for", async () => {
    const kv = new OpenStore();
    const stop = new AbortController();
    const aborted = importF3Snapshot(
      [snapshot],
      kv,
      options({
        signal: stop.signal,
        resumable: true,
        onProgress: ({ instance }) => instance > 1000 && stop.abort(new Error("enough")),
      }),
    );
    await expect(aborted).rejects.toMatchObject({ code: "host/aborted" });
    expect(await exported(kv)).toBeUndefined();
    expect((await importF3Snapshot([snapshot], kv, options())).resumed).toBeGreaterThan(500);
    const broken = new OpenStore();
    function* source(): Generator<Uint8Array> {
      yield snapshot.subarray(0, -9);
      throw new Error("the connection is lost");
    }
    await expect(importF3Snapshot(source(), broken, options({ resumable: true }))).rejects.toThrow("lost");
    expect((await importF3Snapshot([snapshot], broken, options())).resumed).toBe(1536);
    const wrong = new OpenStore();
    const cut = importF3Snapshot([snapshot.subarray(0, -1)], wrong, options({ resumable: true }));
    await expect(cut).rejects.toMatchObject({ code: "f3/snapshot-cut" });
    expect(wrong.content()).toBe("");
  });
});

import { installFastest } from "@copse/crypto/fastest";
import { fromLatin1, latin1 } from "@copse/primitives";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPowerTable } from "../../src/power-table.ts";
import {
  type CertificateStore,
  checkHere,
  type KeyValueStore,
  openCertificateStore,
  reopenCertificateStore,
} from "../../src/store/index.ts";
import type { FinalityCertificate } from "../../src/types.ts";
import { random } from "../golden.ts";
import { localChain, withWrongSignature } from "../local-chain.ts";
import { formCheck, unsignedChain } from "../unsigned-chain.ts";
import { everyKind, OpenStore } from "./kinds.ts";

beforeAll(async () => {
  await installFastest();
});

const signed = localChain(24);
const signedRoot = {
  networkName: signed.networkName,
  initialInstance: 0,
  initialPowerTable: signed.start.powerTable,
} as const;
const made = unsignedChain(3000, { first: 40 });
const madeRoot = {
  networkName: made.manifest.networkName,
  initialInstance: 40,
  initialPowerTable: made.tables[0] as (typeof made.tables)[0],
} as const;
const openMade = (kv: KeyValueStore): Promise<CertificateStore> => openCertificateStore(kv, madeRoot);

async function all(found: AsyncIterable<FinalityCertificate>): Promise<number[]> {
  const instances: number[] = [];
  for await (const { instance } of found) instances.push(instance);
  return instances;
}

const { kinds, remove } = everyKind();
afterAll(remove);

for (const kind of kinds) {
  describe(`certificates kept in ${kind.name}`, () => {
    it("are verified as they come, and are there when it is opened again", async () => {
      const check = checkHere(random);
      const { kv, close } = await kind.open();
      const store = await openCertificateStore(kv, signedRoot);
      expect([store.latest, store.first]).toEqual([undefined, 0]);
      expect(await store.position()).toEqual(signed.start);
      expect(await store.put(signed.certificates.slice(0, 9), check)).toMatchObject({ accepted: 9 });
      await close();

      const again = await kind.open();
      const reopened = await openCertificateStore(again.kv, signedRoot);
      expect(reopened.latest).toEqual(signed.certificates[8]);
      const { accepted, error, position } = await reopened.put(signed.certificates.slice(4), check);
      expect([accepted, error, position.nextInstance]).toEqual([20, undefined, 24]);
      expect(reopened.latest).toEqual(signed.certificates[23]);
      for (const [instance, table] of signed.tables.entries()) {
        expect((await reopened.powerTable(instance)).cid.toString(), `instance ${instance}`).toBe(table.cid.toString());
      }
      expect(await all(reopened.certificates(7, 11))).toEqual([7, 8, 9, 10, 11]);
      expect(await all(reopened.certificates(22))).toEqual([22, 23]);
      await again.close();
    });
  });
}

describe("a certificate store", () => {
  it("keeps nothing that is not verified", async () => {
    const kv = new OpenStore();
    const store = await openCertificateStore(kv, signedRoot);
    const check = checkHere(random);
    const bad = signed.certificates.with(5, withWrongSignature(signed.certificates[5] as FinalityCertificate));
    const first = await store.put(bad, check);
    expect(first.accepted).toBe(5);
    expect(first.error).toMatchObject({ code: "f3/signature-wrong", facts: { instance: 5 } });
    expect(store.latest?.instance).toBe(4);
    expect(await store.get(5)).toBeUndefined();
    const gap = await store.put(signed.certificates.slice(7), check);
    expect(gap).toMatchObject({ accepted: 0, error: { code: "f3/instance-wrong", facts: { instance: 5, found: 7 } } });
    expect(store.latest?.instance).toBe(4);
    const others = localChain(8, { seed: 2 });
    const base = await store.put(others.certificates.slice(5), check);
    expect(base).toMatchObject({ accepted: 0, error: { facts: { instance: 5 } } });
  });

  it("writes nothing before the first certificate, and each put in one batch", async () => {
    const kv = new OpenStore();
    const store = await openMade(kv);
    await store.put([], formCheck());
    expect(kv.writes).toBe(0);
    expect(await reopenCertificateStore(kv)).toBeUndefined();
    await store.put(made.certificates.slice(0, 100), formCheck());
    expect(kv.writes).toBe(1);
    const before = kv.content();
    kv.onBatch = () => {
      throw new Error("the disk is full");
    };
    await expect(store.put(made.certificates.slice(100, 200), formCheck())).rejects.toThrow("full");
    expect(kv.content()).toBe(before);
    expect(store.latest?.instance).toBe(139);
    kv.onBatch = () => {};
    expect((await store.put(made.certificates.slice(100, 200), formCheck())).accepted).toBe(100);
  });

  it("keeps a table for the first instance and every 1,440th, and makes the others", async () => {
    const kv = new OpenStore();
    const store = await openMade(kv);
    for (let at = 0; at < made.certificates.length; at += 700) {
      await store.put(made.certificates.slice(at, at + 700), formCheck());
    }
    const tables = [...kv.rows.keys()].filter((key) => key.includes("/power/")).sort();
    expect(tables).toEqual([40, 1440, 2880].map((i) => `/0/power/${i.toString(16).toUpperCase().padStart(16, "0")}`));
    for (const instance of [40, 41, 52, 1439, 1440, 1441, 2879, 2880, 2881, 3039, 3040]) {
      const expected = made.tables[instance - 40]?.cid.toString();
      kv.reads = 0;
      expect((await store.powerTable(instance)).cid.toString(), `instance ${instance}`).toBe(expected);
      expect(kv.reads).toBeLessThan(1443);
    }
    for (const instance of [39, 3041]) {
      await expect(store.powerTable(instance)).rejects.toMatchObject({
        code: "f3/store-instance-absent",
        facts: { instance, first: 40, next: 3040 },
      });
    }
    // What a verifier needs to go on is the same after opening as it was.
    const reopened = await openMade(kv);
    expect(await reopened.position()).toEqual(await store.position());
    const stands = (await formCheck().verify(await freshStart(), made.certificates, { networkName: "made" })).position;
    expect((await reopened.position()).upcoming?.map(String)).toEqual(stands.upcoming?.map(String));
  });

  async function freshStart() {
    return (await openMade(new OpenStore())).position();
  }

  it("tells the same position at any length as a verifier that was never away", async () => {
    const kv = new OpenStore();
    const store = await openMade(kv);
    let position = await store.position();
    for (let at = 0; at < 30; at++) {
      const one = made.certificates.slice(at, at + 1);
      ({ position } = await formCheck().verify(position, one, { networkName: "made" }));
      await store.put(one, formCheck());
      const reopened = await (await openMade(kv)).position();
      expect(reopened.upcoming?.map(String)).toEqual(position.upcoming?.map(String));
      expect(reopened.base).toEqual(position.base);
      expect(reopened.powerTable.cid.toString()).toBe(position.powerTable.cid.toString());
    }
  });

  it("is not opened for another network, first instance, lookback or initial table", async () => {
    const kv = new OpenStore();
    await (await openMade(kv)).put(made.certificates.slice(0, 3), formCheck());
    const other = createPowerTable(madeRoot.initialPowerTable.entries.slice(1));
    const wrong = [
      [{ networkName: "other" }, "network", "made"],
      [{ initialInstance: 41 }, "initial instance", "40"],
      [{ committeeLookback: 9 }, "committee lookback", "10"],
      [{ initialPowerTable: other }, "initial power table", madeRoot.initialPowerTable.cid.toString()],
    ] as const;
    for (const [change, field, stored] of wrong) {
      await expect(openCertificateStore(kv, { ...madeRoot, ...change })).rejects.toMatchObject({
        code: "f3/store-other-root",
        facts: { field, stored },
      });
    }
    const reopened = await reopenCertificateStore(kv);
    expect(reopened).toMatchObject({ networkName: "made", first: 40 });
    expect(reopened?.initialPowerTable.cid.toString()).toBe(madeRoot.initialPowerTable.cid.toString());
    for (const change of [{ networkName: "é".repeat(129) }, { committeeLookback: 1001 }]) {
      await expect(openCertificateStore(new OpenStore(), { ...madeRoot, ...change })).rejects.toMatchObject({
        code: "f3/store-root-too-large",
      });
    }
  });

  it("takes puts one after another, however they are called", async () => {
    const store = await openMade(new OpenStore());
    const results = await Promise.all(
      [0, 50, 25, 0].map((from) => store.put(made.certificates.slice(from, from + 75), formCheck())),
    );
    expect(results.map(({ accepted, error }) => [accepted, error])).toEqual(Array(4).fill([75, undefined]));
    expect(store.latest?.instance).toBe(164);
  });

  it("notices another writer", async () => {
    const kv = new OpenStore();
    const [one, two] = [await openMade(kv), await openMade(kv)];
    await one.put(made.certificates.slice(0, 3), formCheck());
    await expect(two.put(made.certificates.slice(0, 3), formCheck())).rejects.toMatchObject({
      code: "f3/store-changed",
    });
  });

  it("goes on with what a write has made durable that failed all the same", async () => {
    const part = (from: number, to: number) => made.certificates.slice(from, to);
    for (const stored of [0, 30]) {
      const kv = new OpenStore();
      const store = await openMade(kv);
      await store.put(part(0, stored), formCheck());
      kv.onDone = () => {
        throw new Error("the answer is lost");
      };
      await expect(store.put(part(0, 50), formCheck())).rejects.toThrow("the answer is lost");
      kv.onDone = () => {};
      expect(store.latest).toEqual(made.certificates[49]);
      expect((await store.position()).nextInstance).toBe(90);
      expect((await store.put(part(20, 100), formCheck())).accepted).toBe(80);
      expect(await (await openMade(kv)).position()).toEqual(await store.position());
    }
  });

  it("learns of that where the store could not be read then, or was late", async () => {
    for (const isLate of [false, true]) {
      const kv = new OpenStore();
      const store = await openMade(kv);
      await store.put(made.certificates.slice(0, 30), formCheck());
      const before = new Map(kv.rows);
      const { get } = kv;
      kv.onDone = () => {
        if (!isLate) kv.get = () => Promise.reject(new Error("not now"));
        throw new Error("the answer is lost");
      };
      const put = store.put(made.certificates.slice(0, 50), formCheck());
      if (isLate) kv.get = async (key) => before.get(latin1(key));
      await expect(put).rejects.toThrow("the answer is lost");
      expect(store.latest?.instance).toBe(69);
      kv.get = get;
      kv.onDone = () => {};
      expect((await store.put(made.certificates.slice(50, 60), formCheck())).accepted).toBe(10);
      expect(store.latest?.instance).toBe(99);
    }
  });

  it("tells of what decides otherwise than it holds, and takes what others signed of the same", async () => {
    const kv = new OpenStore();
    const store = await openMade(kv);
    await store.put(made.certificates.slice(0, 50), formCheck());
    const before = kv.content();
    const fork = unsignedChain(60, { first: 40, forkAt: 70 });
    for (const [from, to, accepted] of [
      [0, 60, 30],
      [0, 31, 30],
      [30, 31, 0],
      [45, 60, 0],
    ] as const) {
      const check = formCheck();
      const put = await store.put(fork.certificates.slice(from, to), check);
      const instance = 40 + from + accepted;
      expect(put).toMatchObject({ accepted, error: { code: "f3/store-conflict", facts: { instance } } });
      expect(put.position.nextInstance).toBe(90);
      expect(check.seen).toEqual([]);
      expect(kv.content()).toBe(before);
    }
    const resigned = unsignedChain(60, { first: 40, forkAt: 1e9, resignAt: 70 });
    expect((await store.put(resigned.certificates.slice(0, 50), formCheck())).accepted).toBe(50);
    expect(kv.content()).toBe(before);
    expect(await store.put(resigned.certificates, formCheck())).toMatchObject({ accepted: 60 });
    expect(await store.get(89)).toEqual(made.bytes[49]); // what was there stays
    expect(await store.get(90)).toEqual(resigned.bytes[50]);
  });

  it("does not believe an answer that is none to its question", async () => {
    const kv = new OpenStore();
    const store = await openMade(kv);
    const { position } = await formCheck().verify(await store.position(), made.certificates.slice(0, 2), {
      networkName: "made",
    });
    for (const answer of [
      { position, accepted: 3 },
      { position, accepted: 1 },
      { position: { ...position, nextInstance: 45 }, accepted: 2 },
    ]) {
      const put = store.put(made.certificates.slice(0, 2), { verify: () => answer });
      await expect(put).rejects.toMatchObject({ code: "f3/store-check-malformed" });
    }
    const twisted = [made.certificates[1], made.certificates[0]] as FinalityCertificate[];
    const believed = store.put(twisted, { verify: () => ({ position, accepted: 2 }) });
    await expect(believed).rejects.toMatchObject({ code: "f3/store-check-malformed" });
    expect(kv.writes).toBe(0);
  });

  it("writes nothing once its signal has fired", async () => {
    const kv = new OpenStore();
    const store = await openMade(kv);
    const stop = new AbortController();
    const check = formCheck();
    const put = store.put(
      made.certificates.slice(0, 9),
      {
        verify: (...args) => {
          stop.abort(new Error("enough"));
          return check.verify(...args);
        },
      },
      { signal: stop.signal },
    );
    await expect(put).rejects.toMatchObject({ code: "host/aborted" });
    expect(kv.writes).toBe(0);
  });

  it("refuses a range that it does not hold", async () => {
    const store = await openMade(new OpenStore());
    await store.put(made.certificates.slice(0, 9), formCheck());
    for (const [from, to] of [
      [39, 41],
      [41, 49],
      [49, 60],
      [39, undefined],
    ]) {
      await expect(all(store.certificates(from as number, to))).rejects.toMatchObject({
        code: "f3/store-instance-absent",
      });
    }
    expect(await all(store.certificates(49))).toEqual([]); // nothing yet
    expect(await all(store.certificates(45, 44))).toEqual([]);
  });
});

describe("rows that are damaged", () => {
  const key = (instance: number): string => `/0/certs/${instance.toString(16).toUpperCase().padStart(16, "0")}`;

  async function damaged(change: (rows: Map<string, Uint8Array>) => void): Promise<OpenStore> {
    const kv = new OpenStore();
    await (await openMade(kv)).put(made.certificates.slice(0, 1500), formCheck());
    change(kv.rows);
    return kv;
  }

  it("are told of, with the row", async () => {
    const cut = await damaged((rows) => rows.set(key(60), (rows.get(key(60)) as Uint8Array).slice(0, -1)));
    const store = await openMade(cut);
    await expect(store.get(60)).rejects.toMatchObject({
      code: "f3/store-corrupt",
      facts: { row: key(60), instance: 60 },
    });
    await expect(all(store.certificates(50, 70))).rejects.toMatchObject({ facts: { instance: 60 } });
    await expect(store.powerTable(61)).rejects.toMatchObject({ facts: { instance: 60 } });
    expect(await all(store.certificates(61, 63))).toEqual([61, 62, 63]);

    const gone = await openMade(await damaged((rows) => rows.delete(key(60))));
    await expect(gone.get(60)).rejects.toMatchObject({ code: "f3/store-corrupt", facts: { why: "it is absent" } });
    const swapped = await openMade(await damaged((rows) => rows.set(key(60), rows.get(key(61)) as Uint8Array)));
    await expect(swapped.get(60)).rejects.toMatchObject({ facts: { why: "it is of instance 61" } });
    const long = await openMade(await damaged((rows) => rows.set(key(60), new Uint8Array((2 << 20) + 1))));
    await expect(long.get(60)).rejects.toMatchObject({ facts: { why: "2097153 B, limit 2097152 B" } });
  });

  it("are found where a table does not come out as it is signed", async () => {
    const power = "/0/power/00000000000005A0";
    const other = await damaged((rows) => rows.set(power, rows.get("/0/power/0000000000000028") as Uint8Array));
    await expect((await openMade(other)).powerTable(1440)).rejects.toMatchObject({
      code: "f3/store-corrupt",
      facts: { row: power, instance: 1440 },
    });
    await expect((await openMade(other)).position()).rejects.toMatchObject({ code: "f3/store-corrupt" });
    for (const value of [undefined, Uint8Array.of(0x80), new Uint8Array(99), new Uint8Array((2 << 20) + 1)]) {
      const kv = await damaged((rows) => (value ? rows.set(power, value) : rows.delete(power)));
      await expect((await openMade(kv)).powerTable(1445)).rejects.toMatchObject({
        code: "f3/store-corrupt",
        facts: { row: power },
      });
    }
  });

  it("of the store's own records keep it from opening", async () => {
    const states = ["", "00", "8601", "87", "8602646d61646518280a1825818218280000"].map((hex) =>
      Buffer.from(hex, "hex"),
    );
    for (const state of states) {
      const kv = await damaged((rows) => rows.set("/state", state));
      await expect(openMade(kv)).rejects.toMatchObject({
        code: expect.stringMatching(/^f3\/store-(corrupt|version-unknown)$/),
      });
    }
    const kv = await damaged((rows) => rows.delete("/0/power/0000000000000028"));
    await expect(openMade(kv)).rejects.toMatchObject({ code: "f3/store-corrupt" });
    await expect(reopenCertificateStore(kv)).rejects.toMatchObject({ code: "f3/store-corrupt" });
    expect(await kv.get(fromLatin1("/state"))).toBeDefined();
  });
});

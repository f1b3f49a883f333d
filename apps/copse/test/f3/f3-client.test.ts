import { setTimeout as wait } from "node:timers/promises";
import { createMemoryDatabase, type Database } from "@copse/blockstore";
import { createMint } from "@copse/chain/mint";
import { encodeCertificate, type FinalityCertificate } from "@copse/f3";
import { checkHere } from "@copse/f3/store";
import { HostFault } from "@copse/primitives";
import pino from "pino";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { foundCertificates } from "../../src/f3/certificates.ts";
import { F3Client, type F3ClientNeeds } from "../../src/f3/f3-client.ts";
import { type MintedChain, mintChain } from "../../src/local/minted-chain.ts";
import { startServingNode } from "../../src/local/serving-node.ts";
import { noRanking } from "../../src/sync/ranking.ts";
import { SourcePool } from "../../src/sync/sources.ts";
import { type CertificatePeer, certify, manifest, serveCertificates, table, tipsetsOf } from "./certified-chain.ts";

const silent = pino({ level: "silent" });
const signal = new AbortController().signal;
const settings = { manifest, table };
let chain: MintedChain;
let certificates: FinalityCertificate[];
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  chain = await mintChain(createMint({ seed: "f3 client", signatures: "none" }), 40, () => {}, signal);
  certificates = certify(tipsetsOf(chain), 35);
  expect(certificates.length).toBeGreaterThanOrEqual(6);
}, 60_000);
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A client of a peer that holds the first certificates. It waits for nothing long. */
async function following(
  held: number,
  database: Database,
  twist: Partial<F3ClientNeeds> = {},
): Promise<{ client: F3Client; peer: CertificatePeer; errors: Record<string, unknown>[]; pauses: number[] }> {
  const [server, own] = await Promise.all([
    startServingNode(chain, silent, signal),
    startServingNode(chain, silent, signal),
  ]);
  closers.push(server.close, own.close);
  const peer = await serveCertificates(server, certificates.slice(0, held));
  const errors: Record<string, unknown>[] = [];
  const pauses: number[] = [];
  const client = await F3Client.open({
    settings,
    database,
    host: own.host,
    pool: new SourcePool(noRanking),
    workers: 1,
    log: pino({ level: "error" }, { write: (line: string) => void errors.push(JSON.parse(line)) }),
    networkLog: () => {},
    metrics: { count() {} },
    async pause(ms, until) {
      pauses.push(ms);
      await wait(Math.min(ms, 20), undefined, { signal: until }).catch(() => {});
    },
    ...twist,
  });
  closers.push(() => client.close());
  await own.host.dial(server.address);
  client.start();
  return { client, peer, errors, pauses };
}

/** Waits until a client holds an instance's certificate. */
const reached = (client: F3Client, instance: number): Promise<void> =>
  new Promise((resolve) => {
    const look = (): void => {
      if (client.head?.instance !== instance) return;
      stop();
      resolve();
    };
    const stop = client.onChange(look);
    look();
  });

describe("following certificates", () => {
  it("goes on after what nobody foresaw", async () => {
    let faults = 2;
    class Failing extends SourcePool {
      override ranked(...args: Parameters<SourcePool["ranked"]>) {
        if (faults-- > 0) throw new TypeError("nobody foresaw this");
        return super.ranked(...args);
      }
    }
    const { client, errors, pauses } = await following(3, createMemoryDatabase(), { pool: new Failing(noRanking) });
    await reached(client, 2);
    expect(errors).toHaveLength(2);
    expect(errors[0]).toMatchObject({ level: 50, code: "copse/bug", againMs: 60_000 });
    expect(errors[0]?.["message"]).toContain("nobody foresaw this");
    expect(pauses.filter((ms) => ms === 60_000)).toHaveLength(2);
  });

  it("opens again what another writer changed", async () => {
    const database = createMemoryDatabase();
    const { client, peer, errors } = await following(2, database);
    await reached(client, 1);
    const other = await foundCertificates(database, settings);
    const check = checkHere((length) => crypto.getRandomValues(new Uint8Array(length)));
    expect((await other.put(certificates.slice(2, 4), check)).accepted).toBe(2);
    peer.certificates.push(...certificates.slice(2, 6).map(encodeCertificate));
    await reached(client, 5);
    expect(errors).toEqual([expect.objectContaining({ code: "f3/store-changed" })]);
    expect((await foundCertificates(database, settings)).latest?.instance).toBe(5);
  });

  it("opens the store again, and goes on, where the disk refused", async () => {
    const database = createMemoryDatabase();
    let faults = 1;
    const failing: Database = Object.assign(Object.create(database), {
      rows: database.rows.bind(database),
      commit(...args: Parameters<Database["commit"]>) {
        if (faults-- > 0)
          return Promise.reject(new HostFault("host/store-failed", { operation: "commit", reason: "full" }));
        return database.commit(...args);
      },
    });
    const { client, errors } = await following(3, failing);
    await reached(client, 2);
    expect(errors).toEqual([expect.objectContaining({ code: "host/store-failed" })]);
  });

  it("ends at once while it pauses", async () => {
    class Failing extends SourcePool {
      override ranked(): never {
        throw new TypeError("nobody foresaw this");
      }
    }
    const paused = Promise.withResolvers<void>();
    const { client } = await following(1, createMemoryDatabase(), {
      pool: new Failing(noRanking),
      async pause(ms, until) {
        if (ms === 60_000) paused.resolve();
        await wait(ms, undefined, { signal: until }).catch(() => {});
      },
    });
    await paused.promise;
    await client.close();
    expect(client.head).toBeUndefined();
  });
});

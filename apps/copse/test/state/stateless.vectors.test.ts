import { readFileSync } from "node:fs";
import { createMemoryDatabase } from "@copse/blockstore";
import { decodeCar } from "@copse/car";
import { type ChainStore, linkRules, linkRun, openChainStore } from "@copse/chain";
import { createSignaturePool, type SignaturePool } from "@copse/crypto/pool";
import { type CidBytes, cidKey } from "@copse/ipld";
import { type Bitswap, createHost, type Host, startBitswap } from "@copse/network";
import { concatBytes } from "@copse/primitives";
import { dataFile, describeData } from "@copse/testkit";
import { decodeBlockHeader, mainnet, TipsetKey } from "@copse/types";
import { afterAll, beforeAll, expect, it } from "vitest";
import { leaderStage } from "../../src/sync/leader-stage.ts";
import { type StateSource, stateSource } from "../../src/sync/state-source.ts";

const file = "chain/mainnet-export40.car";

/** The headers of a CAR, as a linked chain in a database that holds nothing else. */
async function headersAlone(roots: readonly CidBytes[], held: ReadonlyMap<string, Uint8Array>) {
  const database = createMemoryDatabase();
  const store = await openChainStore(database, { genesis: mainnet.genesisCid.bytes });
  const head = TipsetKey.fromBytes(concatBytes(...roots));
  const tipsets: { headers: Uint8Array[] }[] = [];
  for (let key = head; key.length > 0; ) {
    const headers = TipsetKey.cidBytes(key).map((cid) => held.get(cidKey(cid)) as Uint8Array);
    tipsets.push({ headers });
    const [first] = headers.map(decodeBlockHeader);
    key = first === undefined || first.height === 0 ? TipsetKey.empty : TipsetKey.fromCids(first.parents);
  }
  const { id } = await store.openSpan({ key: head });
  await store.appendRun(id, linkRun({ key: head }, tipsets, linkRules(mainnet)));
  while ((await store.indexBlocks()) > 0);
  await store.switchHead(head);
  return { database, store };
}

const loopback = (): Promise<Host> =>
  createHost({
    networkName: mainnet.p2pName,
    listen: ["/ip4/127.0.0.1/tcp/0"],
    userAgent: "copse-test",
    kad: false,
    privateNetwork: true,
  });

describeData("mainnet's first forty epochs without a state on disk", [file], () => {
  const hosts: Host[] = [];
  const exchanges: Bitswap[] = [];
  let pool: SignaturePool;
  let store: ChainStore;
  let source: StateSource;

  beforeAll(async () => {
    const { roots, blocks } = decodeCar(readFileSync(dataFile(file) as string));
    const held = new Map(blocks.map(({ cid, bytes }) => [cidKey(cid), bytes]));
    const serving = await loopback();
    const asking = await loopback();
    hosts.push(serving, asking);
    exchanges.push(await startBitswap({ host: serving, source: { getSync: (cid) => held.get(cidKey(cid)) } }));
    const bitswap = await startBitswap({ host: asking });
    exchanges.push(bitswap);
    await serving.libp2p.start();
    await asking.libp2p.start();
    const peer = await asking.dial(serving.addresses()[0] as string);
    const alone = await headersAlone(roots, held);
    store = alone.store;
    pool = createSignaturePool({ workers: 1 });
    source = stateSource({
      database: alone.database,
      reader: alone.database.blocks,
      bitswap,
      peers: () => [peer],
      onlyLie: () => undefined,
      now: () => performance.now(),
    });
  }, 60_000);

  afterAll(async () => {
    await pool.close();
    for (const exchange of exchanges) await exchange.stop();
    for (const host of hosts) await host.stop();
  });

  it("has all 48 leaders checked against state that a peer gives over bitswap, block by block", {
    timeout: 120_000,
  }, async () => {
    const { reader } = store;
    const stage = leaderStage({ network: mainnet, reader, signatures: pool, states: source });
    const told: string[] = [];
    const all = { leaders: 0, leadersOnOlderState: 0, weights: 0, stateBlocksFetched: 0 };
    for (const { height } of reader.tipsets({ from: 1, to: 39 })) {
      const tipset = reader.tipsetAt(height);
      if (tipset === undefined) throw new Error(`no tipset at ${height}`);
      const { unresolved, counts } = await stage.check([tipset], { signal: new AbortController().signal } as never);
      expect([...(unresolved ?? [])], `height ${height}`).toEqual([]);
      for (const name of Object.keys(all) as (keyof typeof all)[]) all[name] += counts[name] ?? 0;
      told.push(`${height}:${counts.stateBlocksFetched}/${counts.leaders}`);
    }
    process.stdout.write(`blocks of state fetched / leaders checked, by height: ${told.join(" ")}\n`);
    process.stdout.write(`in all: ${JSON.stringify({ ...all, ...source.fetched().needed })}\n`);
    // the file holds the genesis state alone, which stands in where the rules name another
    expect(all).toEqual({ leaders: 48, leadersOnOlderState: 46, weights: 2, stateBlocksFetched: 12 });
    expect(source.fetched().needed.blocks).toBe(12);
  });
});

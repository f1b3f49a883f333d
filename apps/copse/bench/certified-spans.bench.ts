// How long it takes to link a chain from peers that take their time, in one walk and in spans below tipsets that F3
// certifies. Peers are in this process and answer after a delay: it is the waiting that is measured, not the work.
//
// COPSE_BENCH_SPAN_EPOCHS   length of the chain, 15000

import { loadavg } from "node:os";
import { createMemoryDatabase } from "@copse/blockstore";
import { linkRules, openChainStore } from "@copse/chain";
import { createMint } from "@copse/chain/mint";
import { createPowerTable, encodeCertificate, type FinalityCertificate } from "@copse/f3";
import { CertifiedTipsets } from "../src/f3/certified-tipsets.ts";
import { mintChain, storeMinted } from "../src/local/minted-chain.ts";
import { linkBack } from "../src/sync/assemble.ts";
import { noRanking } from "../src/sync/ranking.ts";
import { type HeaderSlices, SourcePool } from "../src/sync/sources.ts";

const epochs = Number(process.env["COPSE_BENCH_SPAN_EPOCHS"] ?? 15_000);
const signal = new AbortController().signal;
const mint = createMint({ seed: "certified spans", signatures: "none", messages: false });
const chain = await mintChain(mint, epochs, () => {}, signal);
const held = await storeMinted(chain, createMemoryDatabase());
const { network } = chain.mint;

/** Twenty tipsets a certificate; nobody looks at signatures here. */
function certify(): FinalityCertificate[] {
  const powerTable = createPowerTable([{ id: 1000n, power: 1n, publicKey: new Uint8Array(48) }]).cid;
  const commitments = new Uint8Array(32);
  const named = chain.tipsets.map(({ tipset: { key, height } }) => ({ key, epoch: height, powerTable, commitments }));
  const made: FinalityCertificate[] = [];
  for (let at = 0; at < named.length - 1; at += 20) {
    made.push({
      instance: made.length,
      chain: named.slice(at, at + 21),
      supplementalData: { commitments, powerTable },
      signers: Uint8Array.of(0x54),
      signature: new Uint8Array(96),
      powerTableDelta: [],
    });
  }
  return made;
}
const certificates = certify();
const bytes = certificates.map(encodeCertificate);

async function link(delayMs: number, inSpans: boolean): Promise<{ ms: number; asks: number }> {
  const store = await openChainStore(createMemoryDatabase(), { genesis: network.genesisCid.bytes });
  let asks = 0;
  const pool = new SourcePool({
    ...noRanking,
    rank: (ids) => ids.toSorted((a, b) => turnOf(a) - turnOf(b)),
    began: take,
  });
  for (const id of ["a", "b", "c", "d"]) {
    pool.add({
      id,
      async headers(head, count) {
        asks++;
        await new Promise((resolve) => setTimeout(resolve, delayMs));
        const found: HeaderSlices[] = [];
        for (const { headers } of held.reader.ancestors(head)) if (found.push({ headers }) >= count) break;
        return found;
      },
      messages: () => Promise.reject(new Error("not asked for")),
    });
  }
  const get = (instance: number): Promise<Uint8Array | undefined> => Promise.resolve(bytes[instance]);
  const of = { first: 0, latest: certificates.at(-1), get };
  const certified = new CertifiedTipsets({ store, certificates: () => of, to: 0 });
  const { newest } = certified;
  if (newest === undefined) throw new Error("nothing is certified");
  const parts = { network, store, rules: linkRules(network), pool, to: 0, parallelSpans: 4, onProgress() {} };
  const started = performance.now();
  const patience = { hedgeMs: 60_000, idleMs: 1000 };
  await linkBack(newest, { ...parts, patience, certified: inSpans ? certified : undefined }, signal);
  if (store.assurance.linked[0]?.from !== 0) throw new Error("not linked to genesis");
  return { ms: performance.now() - started, asks };
}

/** Peers take turns, as a node's ranking has it. */
const turns = new Map<string, number>();
const turnOf = (id: string): number => turns.get(id) ?? 0;
function take(id: string): void {
  turns.set(id, turns.size + Math.max(0, ...turns.values()) + 1);
}

console.log(`${epochs} epochs, ${chain.tipsets.length} tipsets, 4 peers; load ${loadavg()[0]?.toFixed(1)}`);
for (const delayMs of [0, 200, 1000]) {
  for (let round = 0; round < 2; round++) {
    for (const inSpans of [false, true]) {
      const { ms, asks } = await link(delayMs, inSpans);
      const how = inSpans ? "spans of certified tipsets" : "one walk";
      console.log(`copse/link delay-${delayMs}ms  ${how.padEnd(28)} ${Math.round(ms)} ms, ${asks} requests`);
    }
  }
}

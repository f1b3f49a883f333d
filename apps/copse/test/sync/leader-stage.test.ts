import { createMemoryDatabase } from "@copse/blockstore";
import type { ChainReader, ChainStore, LinkedTipset } from "@copse/chain";
import { createMint } from "@copse/chain/mint";
import { checkSignatures } from "@copse/crypto";
import { installFastest } from "@copse/crypto/fastest";
import { cidOf, toCid } from "@copse/ipld";
import { decodeBlockHeader, encodeBlockHeader, TipsetKey } from "@copse/types";
import { beforeAll, describe, expect, it } from "vitest";
import { type MintedChain, mintChain, storeMinted } from "../../src/local/minted-chain.ts";
import { type LeaderStageNeeds, leaderStage } from "../../src/sync/leader-stage.ts";
import type { StageResult } from "../../src/sync/stage.ts";
import { statesAtHand } from "./states-at-hand.ts";

const signal = new AbortController().signal;
const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
let chain: MintedChain;
let store: ChainStore;
let run: readonly LinkedTipset[];

beforeAll(async () => {
  await installFastest();
  chain = await mintChain(createMint({ seed: "leader stage", miners: 3 }), 12, () => {}, signal);
  store = await storeMinted(chain, createMemoryDatabase());
  run = [...store.reader.tipsets()];
});

const check = (over: Partial<LeaderStageNeeds> = {}, of: readonly LinkedTipset[] = run): Promise<StageResult> =>
  leaderStage({
    network: chain.mint.network,
    reader: store.reader,
    signatures: { check: async (checks) => checkSignatures(checks, { random }) },
    states: statesAtHand(store.reader),
    ...over,
  }).check(of, { first: true, signal });

describe("leaderStage", () => {
  it("counts leaders and weights, and no winning proof that nobody verified", async () => {
    const { counts, unresolved } = await check();
    expect(unresolved?.size).toBe(0);
    const leaders = chain.headers - 1; // genesis has none
    expect(counts).toMatchObject({ leaders, leadersOnOlderState: 0, weights: run.length - 1, winningProofs: 0 });
  });

  it("refuses what its verifier does: here no miner has a sector", async () => {
    const proofs = { verifyWinningPost: () => true };
    await expect(check({ proofs })).rejects.toMatchObject({ code: "block/winning-proof-wrong" });
  });

  it("concludes nothing where no state is at hand", async () => {
    const { counts, unresolved } = await check({ states: statesAtHand() });
    expect([...(unresolved ?? [])]).toEqual(run.slice(1).map(({ height }) => height));
    expect(counts).toMatchObject({ leaders: 0, weights: 0 });
  });

  it("lets an older state stand in for that of the parents where it may, and says so; else concludes nothing", async () => {
    const top = run.at(-1) as LinkedTipset;
    const { counts, unresolved } = await check({ reader: withoutStateOf(top.parents) }, [top]);
    expect(unresolved?.size).toBe(0);
    expect(counts).toMatchObject({ leaders: top.headers.length, leadersOnOlderState: top.headers.length, weights: 0 });
    const strict = await check({ reader: withoutStateOf(top.parents), exactStanding: true }, [top]);
    expect([...(strict.unresolved ?? [])]).toEqual([top.height]);
    expect(strict.counts).toMatchObject({ leaders: 0, leadersOnOlderState: 0, weights: 0 });
    const whole = await check({ exactStanding: true });
    expect(whole.unresolved?.size).toBe(0);
    expect(whole.counts).toMatchObject({ weights: run.length - 1 });
  });
});

/** A reader of the chain on which one tipset names a parent state that nobody has. */
function withoutStateOf(key: TipsetKey): ChainReader {
  const parentStateRoot = toCid(cidOf(Uint8Array.of(1)));
  const found = store.reader.tipset(key) as LinkedTipset;
  const headers = found.headers.map((bytes) => encodeBlockHeader({ ...decodeBlockHeader(bytes), parentStateRoot }));
  return new Proxy(store.reader, {
    get(reader, name) {
      const value: unknown = Reflect.get(reader, name, reader);
      if (typeof value !== "function") return value;
      if (name !== "tipset") return value.bind(reader);
      return (of: TipsetKey) => (TipsetKey.equals(of, key) ? { ...found, headers } : reader.tipset(of));
    },
  });
}

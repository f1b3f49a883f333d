import { messageBlocks } from "@copse/chain";
import { createMint, forgeHeader } from "@copse/chain/mint";
import { checkSignatures } from "@copse/crypto";
import { installFastest } from "@copse/crypto/fastest";
import { type CidBytes, cidKey, cidOf } from "@copse/ipld";
import { isCopseError } from "@copse/primitives";
import { AttoFil, type BlockHeader, decodeBlockHeader, encodeBlockHeader, type Tipset } from "@copse/types";
import { beforeAll, describe, expect, it } from "vitest";
import { reportChain } from "../src/chain/report-chain.ts";
import { verifyChain } from "../src/chain/verify-chain.ts";
import { spanLength } from "../src/chain/walk-down.ts";
import { BlockIndexBuilder } from "../src/verify/block-index.ts";

// Longer than a span, and than the deepest lookback; its state, that of genesis, is at hand for every header.
const epochs = 930;
const mint = createMint({ seed: "explorer", miners: 1, blocks: 1, messages: false, forks: 0 });
const blocks = new Map<string, Uint8Array>(mint.genesis.state.map(([cid, bytes]) => [cidKey(cid), bytes]));
const tipsets: Tipset[] = [mint.genesis.tipset];

beforeAll(async () => {
  await installFastest();
  const keep = (bytes: Uint8Array): void => void blocks.set(cidKey(cidOf(bytes)), bytes);
  keep(mint.genesis.bytes);
  for (const [cid, bytes] of messageBlocks({ bls: [], secp: [] }).blocks) blocks.set(cidKey(cid), bytes);
  for (const { tipset, blocks: made } of mint.epochs().take(epochs)) {
    if (tipset === undefined) continue;
    tipsets.push(tipset);
    for (const { bytes } of made) keep(bytes);
  }
}, 180_000);

function verify(roots: readonly CidBytes[], more: readonly Uint8Array[] = []) {
  const held = new Map([...blocks, ...more.map((bytes) => [cidKey(cidOf(bytes)), bytes] as const)]);
  const index = new BlockIndexBuilder();
  return verifyChain({
    network: mint.network,
    roots,
    store: { getSync: (cid) => held.get(cidKey(cid)) },
    check: (checks) => checkSignatures(checks, { random: (length) => crypto.getRandomValues(new Uint8Array(length)) }),
    finality: undefined,
    index,
    onProgress: () => {},
  });
}

const head = (): Tipset => tipsets.at(-1) as Tipset;

/** A tipset low in the chain, for what any head shows. */
const low = (): BlockHeader => (tipsets[40] as Tipset).blocks[0] as BlockHeader;

/** The code that a head with other fields is refused with; its miner has signed it. */
async function codeOf(changes: Partial<BlockHeader>, unsigned: Partial<BlockHeader> = {}): Promise<string> {
  const header = forgeHeader(low(), changes, mint.miners);
  const bytes = encodeBlockHeader({ ...header, ...unsigned });
  return verify([cidOf(bytes)], [bytes]).then(
    () => "none",
    (error: unknown) => (isCopseError(error) ? error.code : `${error}`),
  );
}

describe("a chain of several spans, with state for every header", { timeout: 180_000 }, () => {
  it("is checked from genesis to its head, each rule in each span", async () => {
    const chain = await verify(head().cids.map(({ bytes }) => bytes));
    const { height } = head();
    expect(tipsets.length).toBeGreaterThan(spanLength);
    expect(height).toBeGreaterThan(900);
    expect(chain.marks.length).toBe(Math.ceil(tipsets.length / spanLength));
    expect(chain.tipsets).toBe(tipsets.length);
    for (const level of ["beacon-checked", "leader-checked"] as const) {
      expect(chain.tally.ranges(level)).toEqual([{ from: 1, to: height }]);
    }
    for (const level of ["linked", "messages-checked"] as const) {
      expect(chain.tally.ranges(level)).toEqual([{ from: 0, to: height }]);
    }
    const { leaders, leadersOnOlderState, weights, openCount } = chain.tally;
    expect([leaders, leadersOnOlderState, weights, openCount]).toEqual([tipsets.length - 1, 0, tipsets.length - 1, 0]);
    expect(reportChain(mint.network, chain, { kind: "CARv1", blocks: 1, bytes: 1 }).verdict).toBe("verified");
  });

  it.each<[string, () => Promise<string>]>([
    ["none", () => codeOf({})],
    ["chain/weight-wrong", () => codeOf({ parentWeight: low().parentWeight * 2n })],
    ["block/base-fee-wrong", () => codeOf({ parentBaseFee: AttoFil.from(101n) })],
    ["block/signature-wrong", () => codeOf({}, { blockSig: { type: 2, data: new Uint8Array(96) } })],
    ["block/ticket-wrong", () => codeOf({ ticket: { vrfProof: new Uint8Array(96).fill(3) } })],
    [
      "block/win-count-wrong",
      () => {
        const { electionProof } = low();
        const { winCount, vrfProof } = electionProof ?? { winCount: 1, vrfProof: new Uint8Array(96) };
        return codeOf({ electionProof: { winCount: winCount + 1, vrfProof } });
      },
    ],
  ])("is refused at its head, or not: %s", async (code, run) => {
    expect(await run()).toBe(code);
  });

  it("is refused where a header deep in it was left out", async () => {
    const deep = (tipsets[20] as Tipset).cids[0]?.bytes as CidBytes;
    const bytes = blocks.get(cidKey(deep)) as Uint8Array;
    expect(decodeBlockHeader(bytes).height).toBeLessThan(100);
    blocks.delete(cidKey(deep));
    await expect(verify(head().cids.map((cid) => cid.bytes))).rejects.toMatchObject({
      code: "explorer/genesis-not-reached",
    });
    blocks.set(cidKey(deep), bytes);
  });
});

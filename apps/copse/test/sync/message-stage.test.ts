import { createMemoryDatabase } from "@copse/blockstore";
import { type ChainStore, linkRules, linkRun, messageBlocks, openChainStore } from "@copse/chain";
import { createMint } from "@copse/chain/mint";
import { TipsetKey } from "@copse/types";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type MintedChain, type MintedTipset, mintChain } from "../../src/local/minted-chain.ts";
import { type CountsTable, countsTable } from "../../src/sync/counts.ts";
import { messageStage } from "../../src/sync/message-stage.ts";
import { type ChainSourcePort, SourcePool, type TipsetMessages } from "../../src/sync/sources.ts";
import { runStage } from "../../src/sync/stage.ts";
import { notingRanking } from "./fake-source.ts";

const never = new AbortController().signal;
let chain: MintedChain;
let top: number;
let database: ReturnType<typeof createMemoryDatabase>;
let store: ChainStore;
let counts: CountsTable;

beforeAll(async () => {
  const mint = createMint({ seed: "messages", miners: 3, blocks: 2, signatures: "none", messages: true, forks: 0 });
  chain = await mintChain(mint, 40, () => {}, never);
  top = chain.tipsets.at(-1)?.tipset.height as number;
});
beforeEach(async () => {
  database = createMemoryDatabase();
  store = await openChainStore(database, { genesis: chain.mint.network.genesisCid.bytes });
  const key = chain.tipsets.at(-1)?.tipset.key as TipsetKey;
  const { id } = await store.openSpan({ key });
  const slices = chain.tipsets.toReversed().map(({ blocks }) => ({ headers: blocks.map(({ bytes }) => bytes) }));
  await store.appendRun(id, linkRun({ key }, slices, linkRules(chain.mint.network)));
  await store.switchHead(key);
  counts = countsTable(database);
});

const messagesOf = ({ blocks }: MintedTipset): TipsetMessages => ({ blocks: blocks.map(({ messages }) => messages) });

/** A source of the minted messages; `twist` may give others. */
function source(
  id: string,
  twist: (given: TipsetMessages[]) => TipsetMessages[] = (given) => given,
): ChainSourcePort & { readonly asked: number[] } {
  const asked: number[] = [];
  return {
    id,
    asked,
    headers: () => Promise.reject(new Error("not asked for")),
    async messages(head, count) {
      const i = chain.tipsets.findIndex(({ tipset }) => TipsetKey.equals(tipset.key, head));
      asked.push(count);
      return twist(
        chain.tipsets
          .slice(Math.max(0, i + 1 - count), i + 1)
          .reverse()
          .map(messagesOf),
      );
    },
  };
}

async function check(...sources: ChainSourcePort[]): Promise<SourcePool> {
  const pool = new SourcePool(notingRanking());
  for (const one of sources) pool.add(one);
  const stage = messageStage({
    network: chain.mint.network,
    reader: store.reader,
    pool,
    patience: { hedgeMs: 10_000, idleMs: 20 },
    signatures: { check: async (checks) => checks.map(() => true) }, // signatures have tests of their own
  });
  await runStage(stage, store, counts, { from: 0, to: top }, () => {}, never);
  return pool;
}

const whole = (): void => {
  expect(store.assurance["messages-checked"]).toEqual([{ from: 0, to: top }]);
  expect(countsTable(database).read()).toMatchObject({ messageRoots: chain.headers, messages: chain.messages });
  for (const { blocks } of chain.tipsets) {
    for (const { bytes, messages } of blocks) {
      const held = store.reader.messages(bytes);
      expect(held?.bls.length).toBe(messages.bls.length);
      expect(held?.secp.length).toBe(messages.secp.length);
    }
  }
};

/** Twists of an answer, each of which no header of ours fits. */
const lies: Record<string, (given: TipsetMessages[]) => TipsetMessages[]> = {
  "a message withheld": (given) =>
    given.map(({ blocks }) => ({ blocks: blocks.map(({ bls, secp }) => ({ bls: bls.slice(1), secp })) })),
  "messages in another order": (given) =>
    given.map(({ blocks }) => ({ blocks: blocks.map(({ bls, secp }) => ({ bls: bls.toReversed(), secp })) })),
  "lists exchanged": (given) =>
    given.map(({ blocks }) => ({ blocks: blocks.map(({ bls, secp }) => ({ bls: secp, secp: bls })) })),
  "tipsets in another order": (given) => given.toReversed(),
  "no block at all": (given) => given.map(() => ({ blocks: [] })),
  "one bit of a message": (given) =>
    given.map(({ blocks }) => ({
      blocks: blocks.map(({ bls, secp }) => ({
        bls: bls.map((bytes) => bytes.with(-1, (bytes.at(-1) as number) ^ 1)),
        secp,
      })),
    })),
  "garbage for messages": (given) =>
    given.map(({ blocks }) => ({
      blocks: blocks.map(({ secp }) => ({ bls: [new Uint8Array(0), Uint8Array.of(0xff)], secp })),
    })),
};

describe("messageStage", () => {
  it("fetches, checks and keeps the messages of every tipset", async () => {
    expect(chain.messages).toBeGreaterThan(50);
    await check(source("a"));
    whole();
  });

  it("asks nobody for what is stored", async () => {
    await database.commit({
      blocks: chain.tipsets.flatMap(({ blocks }) => blocks.flatMap((block) => messageBlocks(block.messages).blocks)),
    });
    const idle = source("idle");
    await check(idle);
    expect(idle.asked).toEqual([]);
    whole();
  });

  it("takes short answers for what they are, and asks on below them", async () => {
    const short = source("short", (given) => given.slice(0, 3));
    const pool = await check(short);
    expect(pool.dropped.size).toBe(0);
    expect(short.asked.length).toBeGreaterThan(chain.tipsets.length / 3 - 1);
    whole();
  });

  for (const [what, twist] of Object.entries(lies)) {
    it(`drops who sends ${what}, and takes them from another`, async () => {
      const pool = await check(source("liar", twist), source("honest"));
      expect([...pool.dropped.keys()]).toEqual(["liar"]);
      expect(pool.dropped.get("liar")).toMatchObject({ code: "block/message-root-wrong" });
      whole();
    });
  }

  it("is not misled by more blocks than a tipset has", async () => {
    const generous = source("generous", (given) => given.map(({ blocks }) => ({ blocks: [...blocks, ...blocks] })));
    await check(generous, source("honest"));
    whole();
  });

  it("says what the liar did when there is nobody else, and raises nothing it did not see", async () => {
    const wrong = lies["a message withheld"] as (given: TipsetMessages[]) => TipsetMessages[];
    await expect(check(source("liar", wrong))).rejects.toMatchObject({ code: "block/message-root-wrong" });
    expect(store.assurance["messages-checked"].every(({ to }) => to < top)).toBe(true);
  });
});

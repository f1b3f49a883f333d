import { createMemoryDatabase, type Database } from "@copse/blockstore";
import { ChainError, type ChainStore, type LinkedTipset, linkRules, linkRun } from "@copse/chain";
import { nextBaseFee } from "@copse/chain/execute";
import { createMint, forgeHeader, mintedMiners } from "@copse/chain/mint";
import { fromCid } from "@copse/ipld";
import { HostFault } from "@copse/primitives";
import { type BlockHeader, createTipset, encodeBlockHeader, TipsetKey } from "@copse/types";
import type { CID } from "multiformats/cid";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { Execution, type ExecutionState, notExecuted } from "../../src/execute/execution.ts";
import type { Executor } from "../../src/execute/executor.ts";
import { executedTable } from "../../src/execute/results.ts";
import { type MintedChain, type MintedTipset, mintChain, storeMinted } from "../../src/local/minted-chain.ts";
import { countsTable } from "../../src/sync/counts.ts";

const seed = "execution";
const never = new AbortController().signal;
let chain: MintedChain;
beforeAll(async () => {
  chain = await mintChain(createMint({ seed, miners: 3, forks: 1, messages: false }), 40, () => {}, never);
});

/** What a machine that changes nothing would give: the chain is made by one. */
function right(tipset: MintedTipset): Awaited<ReturnType<Executor["execute"]>>["executed"] {
  const [first] = tipset.tipset.blocks as [BlockHeader];
  const messages = tipset.blocks.map((block) => block.messages);
  const fee = nextBaseFee(chain.mint.network, tipset.tipset, messages);
  const [stateRoot, receiptsRoot] = [fromCid(first.parentStateRoot), fromCid(first.parentMessageReceipts)];
  return { stateRoot, receiptsRoot, nextBaseFee: fee, messages: 2, gasUsed: 10n };
}

/** An executor of the test's own, and what it was asked. */
interface Made {
  readonly store: ChainStore;
  readonly database: Database;
  readonly execution: Execution;
  readonly asked: number[];
  readonly states: ExecutionState[];
}

let from: { from: number } | { reason: string };
let fails: (height: number) => unknown;
let now: number;
beforeEach(() => {
  now = 5000;
  from = { from: 0 };
  fails = () => undefined;
});

async function make(of: MintedChain = chain): Promise<Made> {
  const database = createMemoryDatabase();
  const store = await storeMinted(of, database);
  return on(of, store, database);
}

function on(of: MintedChain, store: ChainStore, database: Database, begins?: TipsetKey): Made {
  const asked: number[] = [];
  const states: ExecutionState[] = [];
  const all = [...of.tipsets, ...of.forks];
  const blockOf = (cid: CID): [BlockHeader, MintedTipset["blocks"][number]] => {
    for (const { tipset, blocks } of all) {
      const i = tipset.cids.findIndex((one) => one.equals(cid));
      if (i >= 0) return [tipset.blocks[i] as BlockHeader, blocks[i] as MintedTipset["blocks"][number]];
    }
    throw new Error(`no block ${cid}`);
  };
  const executor: Executor = {
    async execute(key) {
      const made = TipsetKey.cids(key).map(blockOf);
      const found: MintedTipset = {
        tipset: createTipset(made.map(([header]) => header)),
        blocks: made.map(([, block]) => block),
      };
      asked.push(found.tipset.height);
      const failure = fails(found.tipset.height);
      if (failure !== undefined) throw failure;
      return { executed: right(found), blocks: [], tookMs: 1, stored: () => {} };
    },
    close: async () => {},
  };
  const isAt = ({ key }: LinkedTipset): boolean => begins !== undefined && TipsetKey.equals(begins, key);
  const base = { find: async () => from, isAt, imported: async () => {} };
  const execution = new Execution({
    network: of.mint.network,
    store,
    database,
    executor,
    results: executedTable(database),
    counts: countsTable(database),
    base,
    now: () => now,
    onState: (state) => states.push(state),
    onExecuted: () => {},
  });
  return { store, database, execution, asked, states };
}

const heightAt = (i: number): number => chain.tipsets.at(i)?.tipset.height as number;
const linked = (store: ChainStore, key: TipsetKey): LinkedTipset => store.reader.tipset(key) as LinkedTipset;

/** The chain up to a place, and on it a block that is tampered with and signed. */
function tampered(at: number, changes: (header: BlockHeader) => Partial<BlockHeader>): MintedChain {
  const [header] = (chain.tipsets[at] as MintedTipset).tipset.blocks as [BlockHeader];
  const forged = forgeHeader(header, changes(header), mintedMiners({ seed, executed: false, miners: 3 }));
  const blocks = [{ bytes: encodeBlockHeader(forged), messages: chain.tipsets[at]?.blocks[0]?.messages as never }];
  const tip = { tipset: createTipset([forged]), blocks };
  return { ...chain, tipsets: [...chain.tipsets.slice(0, at), tip], forks: [] };
}

describe("Execution", () => {
  it("executes every tipset once, from genesis to the head, and counts them", async () => {
    const { store, database, execution, asked, states } = await make();
    await execution.catchUp(never);
    expect(asked).toEqual(chain.tipsets.map(({ tipset }) => tipset.height));
    expect(store.assurance.executed).toEqual([{ from: 0, to: heightAt(-1) }]);
    const total = chain.tipsets.length;
    expect(countsTable(database).read()).toMatchObject({ executedTipsets: total, executedMessages: 2 * total });
    expect(states.map(({ kind }) => kind)).toEqual(["running", "idle"]);
  });

  it("goes on where a killed one was, though its last results raised no level", async () => {
    const { store, database, execution } = await make();
    fails = (height) => (height > 20 ? new HostFault("host/worker-failed", { reason: "killed" }) : undefined);
    await execution.catchUp(never);
    const again = on(chain, store, database);
    fails = () => undefined;
    await again.execution.catchUp(never);
    const lowest = chain.tipsets.find(({ tipset }) => tipset.height > 20)?.tipset.height;
    expect(again.asked[0]).toBe(lowest);
    expect(store.assurance.executed).toEqual([{ from: 0, to: heightAt(-1) }]);
    expect(countsTable(database).read().executedTipsets).toBe(chain.tipsets.length);
  });

  it("waits where there is no state, and says why", async () => {
    from = { reason: "nobody has it" };
    const { store, execution, asked } = await make();
    await execution.catchUp(never);
    expect(execution.state).toEqual({ kind: "waiting", reason: "nobody has it" });
    expect(asked).toEqual([]);
    expect(store.assurance.executed).toEqual([]);
  });

  it("begins with a state that a file brought", async () => {
    const { store, database } = await make();
    const { key, height } = (chain.tipsets[15] as MintedTipset).tipset;
    from = { from: height };
    const { execution, asked } = on(chain, store, database, key);
    await execution.catchUp(never);
    expect(asked[0]).toBe(height);
    expect(store.assurance.executed).toEqual([{ from: height, to: heightAt(-1) }]);
  });

  for (const [what, code, changes] of [
    ["state", "block/parent-state-wrong", ({ messages }: BlockHeader) => ({ parentStateRoot: messages })],
    ["receipts", "block/parent-receipts-wrong", ({ messages }: BlockHeader) => ({ parentMessageReceipts: messages })],
    [
      "base fee",
      "block/base-fee-wrong",
      ({ parentBaseFee }: BlockHeader) => ({ parentBaseFee: (parentBaseFee + 1n) as never }),
    ],
  ] as const) {
    it(`refuses a head whose ${what} is wrong after computing it twice, and takes the head back`, async () => {
      const { store, execution, asked } = await make(tampered(12, changes));
      await expect(execution.catchUp(never)).rejects.toMatchObject({ code });
      expect(store.head?.height).toBe(heightAt(11));
      expect(asked.filter((height) => height === heightAt(11))).toHaveLength(2);
      await execution.catchUp(never);
      expect(store.assurance.executed).toEqual([{ from: 0, to: heightAt(11) }]);
    });
  }

  it("stops for what this machine fails at, concludes nothing, and is not asked again for the same", async () => {
    const failure = new HostFault("host/worker-failed", { reason: "x" });
    fails = (height) => (height === heightAt(9) ? failure : undefined);
    const { store, execution, asked } = await make();
    await execution.catchUp(never);
    expect(execution.state).toMatchObject({ kind: "stopped", at: heightAt(9), error: { code: "host/worker-failed" } });
    expect(store.head?.height).toBe(heightAt(-1));
    const before = asked.length;
    await execution.catchUp(never);
    expect(asked).toHaveLength(before);
    await execution.ready(linked(store, chain.tipsets[12]?.tipset.key as TipsetKey)); // and waits for nothing
    expect(asked).toHaveLength(before);
  });

  describe("where a block is missing", () => {
    const lacking = (height: number): unknown =>
      height === heightAt(9) ? new HostFault("host/block-missing", { cid: "x" }) : undefined;

    // messages may still be on their way: to stop for good would leave the chain unexecuted until a restart
    it("waits, says so, and goes on once its messages are checked", async () => {
      fails = lacking;
      const { store, execution, asked } = await make();
      await execution.catchUp(never);
      const why = { kind: "waiting", at: heightAt(9), error: { code: "host/block-missing" } };
      expect(execution.state).toMatchObject(why);
      expect(notExecuted(execution.state)).toMatchObject({ code: "host/block-missing" });
      expect(store.head?.height).toBe(heightAt(-1));
      const before = asked.length;
      await execution.catchUp(never); // too early
      expect(asked).toHaveLength(before);
      expect(execution.state).toMatchObject(why);
      fails = () => undefined;
      await store.raise([{ level: "messages-checked", range: { from: 0, to: heightAt(-1) } }]);
      await execution.catchUp(never);
      expect(asked[before]).toBe(heightAt(9));
      expect(execution.state).toEqual({ kind: "idle" });
      expect(store.assurance.executed).toEqual([{ from: 0, to: heightAt(-1) }]);
    });

    it("tries again after a while, each time a longer one", async () => {
      fails = lacking;
      const { store, execution, asked } = await make();
      await store.raise([{ level: "messages-checked", range: { from: 0, to: heightAt(-1) } }]);
      const tries = (): number => asked.filter((height) => height === heightAt(9)).length;
      const after = async (ms: number): Promise<number> => {
        now += ms;
        await execution.catchUp(never);
        return tries();
      };
      expect(await after(0)).toBe(1);
      expect(await after(999)).toBe(1);
      expect(await after(1)).toBe(2);
      expect(await after(1999)).toBe(2);
      expect(await after(1)).toBe(3);
      for (let i = 0; i < 20; i++) await after(300_000);
      expect(tries()).toBe(23);
      fails = () => undefined;
      await after(300_000);
      expect(store.assurance.executed).toEqual([{ from: 0, to: heightAt(-1) }]);
    });
  });

  it("executes a fork whose parents are known, and judges what stands on it", async () => {
    const { store, execution, asked } = await make();
    await execution.catchUp(never);
    const fork = chain.forks[0] as MintedTipset;
    const headers = fork.blocks.map(({ bytes }) => bytes);
    const run = linkRun({ key: fork.tipset.key }, [{ headers }], linkRules(chain.mint.network));
    const [aside] = run.linked as [LinkedTipset];
    const parents = linked(store, aside.parents);
    await store.keepAside([aside]);
    const before = asked.length;
    await execution.ready(aside);
    // it stands on part of a tipset, which is another one to execute
    expect(asked.slice(before)).toEqual(store.reader.isCanonical(parents.key) ? [] : [parents.height]);
    expect(await execution.judge(aside)).toBe(true);
  });

  it("ends when the signal fires", async () => {
    const { execution, store } = await make();
    const stop = new AbortController();
    fails = (height) => {
      if (height === heightAt(9)) stop.abort(new Error("enough"));
      return undefined;
    };
    await expect(execution.catchUp(stop.signal)).rejects.toThrow();
    expect(store.assurance.executed.at(-1)?.to ?? 0).toBeLessThan(heightAt(-1));
    await execution.run(() => expect.unreachable(), stop.signal);
  });

  it("tells of no bad block where the store would not go back below one", async () => {
    const of = tampered(20, ({ parentBaseFee }) => ({ parentBaseFee: (parentBaseFee + 1n) as never }));
    const { execution, store, states } = await make(of);
    const failure = new ChainError("chain/seam-broken", { span: 1, height: 5, why: "x" });
    vi.spyOn(store, "switchHead").mockRejectedValue(failure);
    const stop = new AbortController();
    const running = execution.run(() => expect.unreachable(), stop.signal);
    await vi.waitFor(() => expect(states.at(-1)).toMatchObject({ kind: "stopped", error: failure }));
    stop.abort(new Error("enough"));
    await running;
  });

  it("goes on by itself when the head moves", async () => {
    const { execution, store } = await make();
    const top = store.head as NonNullable<ChainStore["head"]>;
    const below = store.reader.tipsetAt(heightAt(20)) as LinkedTipset;
    await store.switchHead(below.key);
    const stop = new AbortController();
    const running = execution.run(() => expect.unreachable(), stop.signal);
    const until = async (height: number): Promise<void> => {
      while (store.assurance.executed.at(-1)?.to !== height) await new Promise((resolve) => setImmediate(resolve));
    };
    await until(below.height);
    await store.switchHead(top.key);
    execution.nudge();
    await until(top.height);
    stop.abort();
    await running;
  });
});

describe("senders of an executed chain", () => {
  // the state of this chain stays what it was at genesis: so no sender's second message is its next
  it("are looked up in the state that their parents gave, and a nonce that is not the next is refused", async () => {
    const still = await mintChain(createMint({ seed: "senders of a still state", miners: 3 }), 12, () => {}, never);
    const { execution, store } = await make(still);
    await expect(execution.catchUp(never)).rejects.toMatchObject({
      code: "block/nonce-wrong",
      facts: { expected: 0n, height: expect.any(Number) },
    });
    expect(store.head?.height).toBeLessThan(still.tipsets.at(-1)?.tipset.height as number); // it went back below
  });
});

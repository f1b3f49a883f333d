import { runSync, toCid } from "@copse/ipld";
import { HostFault } from "@copse/primitives";
import { getActor, loadStateTree, nextActorId, powerClaim, powerTotals } from "@copse/state";
import { describeActors } from "@copse/testkit";
import { Address, type AttoFil, encodeMessage, type Message } from "@copse/types";
import type { ExecutableTipset } from "@copse/types/execution";
import { beforeAll, expect, it } from "vitest";
import type { Externs } from "../../src/externs.ts";
import { createMachine } from "../../src/machine/create-machine.ts";
import type { Machine } from "../../src/machine/machine.ts";
import { type AppliedTipset, applyTipset, type TipsetContext } from "../../src/tipset/apply-tipset.ts";
import { receiptsRoot } from "../../src/tipset/receipts-root.ts";
import { type MadeNetwork, makeNetwork } from "./made-network.ts";

const fil = 10n ** 18n;
const externs: Externs = {
  chainRandomness: () => new Uint8Array(32),
  beaconRandomness: () => new Uint8Array(32),
  tipsetCid: () => new Uint8Array(38),
  verifyConsensusFault: () => undefined,
};

function transfer(from: Address, to: Address, nonce: bigint, value: bigint): Message {
  const gasFeeCap = 200n as AttoFil;
  const gas = { gasLimit: 20_000_000n, gasFeeCap, gasPremium: 7n as AttoFil };
  return { version: 0, from, to, nonce, value: value as AttoFil, method: 0n, params: new Uint8Array(0), ...gas };
}

const listed = (message: Message): { message: Message; onChainLength: number } => ({
  message,
  onChainLength: encodeMessage(message).length,
});

describeActors("applyTipset", [9, 11, 18], () => {
  for (const networkVersion of [17, 20, 28]) {
    describeVersion(networkVersion);
  }
});

function describeVersion(networkVersion: number): void {
  const on = (name: string): string => `nv${networkVersion}: ${name}`;
  let made: MadeNetwork;
  let tipset: ExecutableTipset;
  let context: TipsetContext;
  let applied: AppliedTipset;

  beforeAll(async () => {
    made = await makeNetwork(networkVersion);
    const [first, second] = made.accounts as [Address, Address];
    const message = transfer(first, second, 0n, fil);
    const failing = transfer(first, second, 1n, 10n ** 30n);
    tipset = {
      epoch: 4,
      parentEpoch: 1, // two rounds without blocks
      parentStateRoot: made.root,
      timestamp: 1_700_000_120,
      baseFee: 100n,
      blocks: [
        { miner: Address.id(1000), winCount: 1, messages: [listed(message), listed(failing)] },
        // what an earlier block brought is not done again
        { miner: Address.id(1002), winCount: 2, messages: [listed(message), listed(transfer(second, first, 0n, 1n))] },
      ],
    };
    context = {
      store: made.store,
      networkVersion: () => networkVersion,
      chainId: 31415926n,
      timestampOf: (epoch) => 1_700_000_000 + 30 * epoch,
      circulatingSupply: () => 10n ** 27n,
      externs: () => externs,
      engine: made.engine,
    };
    applied = applyTipset(tipset, context);
  });

  it(on("has a genesis with miners that have power, and IDs after those of accounts"), () => {
    const tree = runSync(loadStateTree(toCid(made.root)), made.store);
    expect(runSync(nextActorId(tree), made.store)).toBe(1004n);
    expect(runSync(powerClaim(tree, Address.id(1003)), made.store)?.qualityAdjPower).toBe(4n << 45n);
    expect(runSync(powerTotals(tree), made.store).totalQualityAdjPower).toBe(10n << 45n);
    for (const account of made.accounts) {
      expect(runSync(getActor(tree, account), made.store)?.balance).toBe(1000n * fil);
    }
  });

  it(on("gives a receipt for every message, once, and their root"), () => {
    expect(applied.receipts.map(({ exitCode }) => exitCode)).toEqual([0, 6, 0]);
    expect(applied.receipts.map((receipt) => "eventsRoot" in receipt)).toEqual(
      [0, 1, 2].map(() => networkVersion >= 18),
    );
    expect(applied.receiptsRoot).toEqual(receiptsRoot(applied.receipts).root);
    expect(made.store.getSync(applied.receiptsRoot)).toBeDefined();
  });

  it(on("pays each block's miner, and makes or loses no money"), () => {
    const before = runSync(loadStateTree(toCid(made.root)), made.store);
    const after = runSync(loadStateTree(toCid(applied.stateRoot)), made.store);
    const balance = (tree: typeof before, id: number): bigint =>
      runSync(getActor(tree, Address.id(id)), made.store)?.balance ?? 0n;
    const gained = [1000, 1001, 1002].map((id) => balance(after, id) - balance(before, id)) as [bigint, bigint, bigint];
    expect(gained[1]).toBe(0n);
    expect(gained[0]).toBeGreaterThan(0n);
    // twice the wins, but for the premiums that each earned
    const tips = applied.results.map(({ minerTip }) => minerTip) as [bigint, bigint, bigint];
    const [one, two] = [gained[0] - tips[0] - tips[1], gained[2] - tips[2]];
    expect(two - one * 2n).toBeLessThanOrEqual(2n);
    const total = (tree: typeof before): bigint => {
      let sum = 0n;
      for (const [, actor] of tree.actors.entries(made.store)) sum += actor.balance;
      return sum;
    };
    expect(total(after)).toBe(total(before));
  });

  it(on("gives the same again, byte for byte"), () => {
    const again = applyTipset(tipset, context);
    expect(again.stateRoot).toEqual(applied.stateRoot);
    expect(again.receiptsRoot).toEqual(applied.receiptsRoot);
  });

  it(on("is not seen by a machine that runs at the same time, on the same store and engine"), () => {
    const [first, second] = made.accounts as [Address, Address];
    const machineOf = (): Machine =>
      createMachine({
        networkVersion,
        chainId: 31415926n,
        epoch: 2,
        timestamp: 1_700_000_060n,
        baseFee: 100n,
        circSupply: 10n ** 27n,
        stateRoot: made.root,
        store: made.store,
        externs,
        engine: made.engine,
      });
    const messages = [transfer(first, second, 0n, fil), transfer(first, second, 1n, 2n * fil)];
    const run = (machine: Machine, message: Message): unknown =>
      machine.execute(message, { kind: "explicit", rawLength: encodeMessage(message).length }).receipt;
    const alone = machineOf();
    const expected = [...messages.map((message) => run(alone, message)), alone.flush()];
    const [one, two] = [machineOf(), machineOf()];
    // message by message in turns, and one flushes while the other is under way
    const results = messages.flatMap((message) => [run(one, message), run(two, message)]);
    const roots = [one.flush(), two.flush()];
    expect([results[0], results[2], roots[0]]).toEqual(expected);
    expect([results[1], results[3], roots[1]]).toEqual(expected);
  });

  it(on("runs cron for each round without blocks"), () => {
    const ticks: bigint[] = [];
    applyTipset(tipset, {
      ...context,
      onApplied: (message) => {
        if (message.to[1] === 3 && message.method === 2n) ticks.push(message.nonce);
      },
    });
    expect(ticks).toEqual([2n, 3n, 4n]);
  });

  it(on("refuses a block without wins, and an upgrade without a migration"), () => {
    const winless = { ...tipset, blocks: [{ miner: Address.id(1000), winCount: 0, messages: [] }] };
    expect(() => applyTipset(winless, context)).toThrow(
      expect.objectContaining({
        code: "vm/implicit-message-failed",
        facts: expect.objectContaining({ what: "reward" }),
      }),
    );
    const upgrading = {
      ...context,
      networkVersion: (epoch: number) => (epoch > 3 ? networkVersion : networkVersion - 1),
    };
    if (networkVersion !== 20) {
      expect(() => applyTipset({ ...tipset, parentEpoch: 3 }, upgrading)).toThrow(
        expect.objectContaining({ code: "vm/migration-absent" }),
      );
    }
  });

  it(on("stops at a block of state that is missing, and concludes nothing"), () => {
    const store = {
      getSync: () => undefined,
      putSync: () => undefined,
      putManySync: () => undefined,
    };
    expect(() => applyTipset(tipset, { ...context, store })).toThrow(HostFault);
  });

  it(on("stops when it is told to"), () => {
    const signal = AbortSignal.abort();
    expect(() => applyTipset(tipset, { ...context, signal })).toThrow(
      expect.objectContaining({ code: "host/aborted" }),
    );
  });
}

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readCar } from "@copse/car";
import { readStoredMessages, type StoredMessages } from "@copse/chain";
import { checkExecuted } from "@copse/chain/execute";
import {
  type BlockMessages,
  beaconBelow,
  checkBaseFee,
  checkBeacons,
  checkHeader,
  checkLeaders,
  checkMessages,
  checkParentWeight,
  type RuleChecks,
  settle,
  stateAtHand,
} from "@copse/chain/validate";
import { checkSignatures } from "@copse/crypto";
import { fromCid, runSync } from "@copse/ipld";
import { loadStateTree, powerTotals, type StateTree } from "@copse/state";
import { actorsDir, describeActors } from "@copse/testkit";
import { type BlockHeader, createTipset, decodeBlockHeader, type Network, type Tipset } from "@copse/types";
import { actorsOf } from "@copse/types/networks";
import { Engine } from "@copse/vm";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createTipsetExecutor } from "../../src/devnet/chain-machine.ts";
import { HeldChain } from "../../src/devnet/held-chain.ts";
import { parseNetwork } from "../../src/networks.ts";
import { LayeredStore } from "../../src/vm/layered-store.ts";
import { type CliRun, startCli } from "../run-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "copse-devnet-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));

/** What a reader of the file has: its roots, and its blocks in a store. */
interface ReadBack {
  readonly network: Network;
  readonly store: LayeredStore;
  /** Oldest first, genesis first. */
  readonly chain: readonly Tipset[];
}

for (const [networkVersion, epochs] of [
  [17, 40],
  [28, 40],
] as const) {
  describeActors(`copse devnet generate, nv${networkVersion}`, [actorsOf(networkVersion)], () => {
    const file = join(folder, `nv${networkVersion}.car`);
    const generate = (out: string): Promise<CliRun> =>
      startCli(
        ...["devnet", "generate", "--network-version", `${networkVersion}`, "--epochs", `${epochs}`, "--seed", "test"],
        ...["--actors", actorsDir, "--out", out, "--json"],
      ).done;
    let made: Record<string, unknown>;
    let read: ReadBack;

    beforeAll(async () => {
      const { code, events, err } = await generate(file);
      expect({ code, err }).toEqual({ code: 0, err: expect.anything() });
      made = events.find(({ event }) => event === "executed") as Record<string, unknown>;
      read = await readBack(file);
    }, 240_000);

    it("has messages that succeed and that fail, null rounds and forks", () => {
      const { exitCodes, forks, tipsets } = made as {
        exitCodes: Record<string, number>;
        forks: number;
        tipsets: number;
      };
      expect(Object.keys(exitCodes)).toEqual(expect.arrayContaining(["0", "5", "6", "18", "22"]));
      expect(exitCodes["0"]).toBeGreaterThan(20);
      expect(forks).toBeGreaterThan(0);
      expect(tipsets).toBeLessThan(epochs);
    });

    it("is the same chain each time it is made", async () => {
      const again = join(folder, `nv${networkVersion}-again.car`);
      expect((await generate(again)).code).toBe(0);
      expect(readFileSync(again).equals(readFileSync(file))).toBe(true);
    });

    it("names in every header the state, receipts, base fee and weight that a second machine computes", () => {
      const { network, store, chain } = read;
      const executor = createTipsetExecutor({ network, store, engine: new Engine() });
      const held = new HeldChain();
      held.add(chain[0] as Tipset, undefined);
      const found: RuleChecks[] = [];
      for (let i = 1; i < chain.length; i++) {
        const [parent, tipset, child] = [chain[i - 1], chain[i], chain[i + 1]] as [Tipset, Tipset, Tipset | undefined];
        held.add(tipset, parent);
        if (child === undefined) continue;
        const messages = tipset.blocks.map((block) => readMessages(store, block));
        const executed = executor.execute(held.viewFrom(tipset), messages);
        found.push(checkExecuted(child, executed));
        found.push(checkBaseFee(child, checkMessages(network, tipset, messages).nextBaseFee));
        found.push(checkParentWeight(child, tipset, powerAt(store, tipset)));
      }
      expect(found.flatMap(({ faults }) => faults)).toEqual([]);
      expect(found.length).toBeGreaterThan(60);
    }, 240_000);

    it("has blocks that their miners won and signed, by the state they stand on", () => {
      const { network, store, chain } = read;
      const genesis = treeAt(store, chain[0] as Tipset);
      const lookback = stateAtHand(genesis, 0, true); // below finality it is that of genesis
      let below = beaconBelow(chain[0] as Tipset);
      const all: RuleChecks[] = [];
      for (let i = 1; i < chain.length; i++) {
        const [parent, tipset] = [chain[i - 1], chain[i]] as [Tipset, Tipset];
        const standing = stateAtHand(treeAt(store, parent), parent.height, true);
        const states = { lookback, leastPower: lookback, standing };
        const beacons = checkBeacons(network, [tipset], below);
        all.push(
          beacons,
          checkMessages(
            network,
            tipset,
            tipset.blocks.map((block) => readMessages(store, block)),
          ),
        );
        all.push(runSync(checkLeaders(network, tipset, { base: parent, beacon: below.entry, states }), store));
        for (const [j, header] of tipset.blocks.entries()) {
          const cid = tipset.cids[j] as Tipset["cids"][number];
          all.push({ faults: checkHeader(network, header, cid), checks: [], otherwise: [] });
        }
        below = beacons.last;
      }
      const together: RuleChecks = {
        faults: all.flatMap(({ faults }) => faults),
        checks: all.flatMap(({ checks }) => checks),
        otherwise: all.flatMap(({ otherwise }) => otherwise),
      };
      expect(together.checks.length).toBeGreaterThan(100);
      expect(settle(together, checkSignatures(together.checks, { random }))).toEqual([]);
    }, 240_000);
  });
}

async function readBack(file: string): Promise<ReadBack> {
  const network = parseNetwork(readFileSync(`${file}.network.json`, "utf8"));
  const store = new LayeredStore();
  const { roots, blocks } = await readCar([readFileSync(file)]);
  for await (const { cid, bytes } of blocks) store.putSync(cid, bytes);
  const chain: Tipset[] = [];
  for (let cids = roots; ; ) {
    const headers = cids.map((cid) => store.getSync(cid)).filter((bytes) => bytes !== undefined);
    if (headers.length < cids.length) break; // below genesis
    const tipset = createTipset(headers.map(decodeBlockHeader));
    chain.unshift(tipset);
    if (tipset.height === 0) break;
    cids = tipset.blocks[0]?.parents.map(fromCid) ?? [];
  }
  return { network, store, chain };
}

function readMessages(store: LayeredStore, { messages }: BlockHeader): BlockMessages {
  const { bls, secp } = readStoredMessages(store, fromCid(messages)) as StoredMessages;
  return { bls: bls.map(({ bytes }) => bytes), secp: secp.map(({ bytes }) => bytes) };
}

function treeAt(store: LayeredStore, tipset: Tipset): StateTree {
  return runSync(loadStateTree((tipset.blocks[0] as BlockHeader).parentStateRoot), store);
}

function powerAt(store: LayeredStore, tipset: Tipset): bigint {
  return runSync(powerTotals(treeAt(store, tipset)), store).totalQualityAdjPower;
}

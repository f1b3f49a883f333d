import { readFileSync } from "node:fs";
import { toCid } from "@copse/ipld";
import { fromHex, fromLatin1, toHex } from "@copse/primitives";
import { AttoFil } from "@copse/types";
import { describe, expect, it } from "vitest";
import { eventsRoot } from "../../src/events.ts";
import { gasOutputs } from "../../src/gas/outputs.ts";
import { priceList } from "../../src/gas/price-list.ts";
import type { PriceList } from "../../src/gas/price-table.ts";
import * as price from "../../src/gas/prices.ts";
import { GasTracker } from "../../src/gas/tracker.ts";
import { scanLinks } from "../../src/link-scan.ts";
import { FatalError, OutOfGas, SyscallError } from "../../src/syscall-error.ts";

/** Answers of the reference's own code; the head of the file says what its lines are. */
const cases = readFileSync(new URL("./vectors/ref-fvm-4.8.2.txt", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => {
    const [question = "", answer = ""] = line.split(" => ");
    const [kind = "", ...words] = question.split(" ");
    return { kind, words, question, answer };
  });

function endOf(run: () => void): string {
  try {
    run();
    return "ok";
  } catch (error) {
    if (error instanceof OutOfGas) return "OutOfGas";
    if (error instanceof FatalError) return "Fatal";
    if (error instanceof SyscallError) return error.errorName;
    throw error;
  }
}

function scan([networkVersion, codec, limit, block = ""]: readonly string[]): string {
  const gas = new GasTracker(BigInt(limit ?? 0) / 1000n);
  let links: readonly string[] = [];
  const end = endOf(() => {
    links = scanLinks(priceList(Number(networkVersion)), gas, Number(codec), fromHex(block));
  });
  const found = links.map((key) => toHex(fromLatin1(key))).join();
  return `${end} ${gas.used} ${found}`.trim();
}

function outputs(words: readonly string[]): string {
  const [gasUsed = 0n, gasLimit = 0n, baseFee = 0n, feeCap = 0n, premium = 0n] = words.map(BigInt);
  const prices = { baseFee: AttoFil.from(baseFee), feeCap: AttoFil.from(feeCap), premium: AttoFil.from(premium) };
  const out = gasOutputs({ gasUsed, gasLimit, ...prices });
  const amounts = [out.baseFeeBurn, out.overEstimationBurn, out.minerPenalty, out.minerTip, out.refund];
  return [...amounts, out.gasRefund, out.gasBurned].join(" ");
}

function track([limit = "", ...steps]: readonly string[]): string {
  const gas = new GasTracker(BigInt(limit));
  const ends = steps.map((step, index) => {
    const amount = BigInt(step.slice(1) || "0");
    const end = endOf(() => {
      if (step[0] === "p") gas.pushLimit(amount);
      else if (step[0] === "o") gas.popLimit();
      else if (index % 2 === 0 && amount <= Number.MAX_SAFE_INTEGER) gas.charge("wasm_exec", Number(amount));
      else gas.chargeLarge("wasm_exec", amount);
    });
    return `${end}:${gas.used}:${gas.available}:${gas.gasUsed()}`;
  });
  return ends.join(" ");
}

type Numbers = readonly [number, number, number];
const priced: { readonly [name: string]: (prices: PriceList, numbers: Numbers) => number } = {
  onChainMessage: (p, [length]) => price.onChainMessage(p, length),
  onMethodInvocation: (p, [links]) => price.onMethodInvocation(p, false, false, links),
  onReturn: (p, [depth, length, links]) =>
    depth === 1 ? price.onChainReturnValue(p, length) : price.onReturnValue(p, links),
  onCreateActor: (p, [newAddress]) => price.onCreateActor(p, newAddress === 1),
  onBlockOpenBase: (p) => p.blockOpenBase,
  onBlockOpen: (p, [size, links]) => price.onBlockOpen(p, size, links),
  onBlockCreate: (p, [size, links]) => price.onBlockCreate(p, size, links),
  onBlockRead: (p, [size]) => price.onBlockRead(p, size),
  onBlockLink: (p, [size]) => price.onBlockLink(p, size),
  onVerifyBlsAggregateSignature: (p, [signers, size]) => price.onVerifyBlsAggregateSignature(p, signers, size),
  onGetRandomness: (p, [lookback]) => price.onGetRandomness(p, lookback),
  onTipsetCid: (p, [lookback]) => price.onTipsetCid(p, lookback),
  onActorEvent: (p, [entries, keys, values]) => price.onActorEvent(p, entries, keys, values),
};

function priceOf([networkVersion, name = "", ...words]: readonly string[]): string {
  const [a = 0, b = 0, c = 0] = words.map(Number);
  const milligas = priced[name]?.(priceList(Number(networkVersion)), [a, b, c]);
  return milligas === Number.POSITIVE_INFINITY ? "18446744073709551615" : String(milligas);
}

function events([count]: readonly string[]): string {
  const made = Array.from({ length: Number(count) }, (_, i) => ({
    emitter: BigInt(1000 + i),
    entries: Array.from({ length: i % 4 }, (_, j) => ({
      flags: BigInt(i % 4),
      key: `k${i + j}`,
      codec: j % 2 === 0 ? 0x55n : 0x51n,
      value: new Uint8Array(i % 50).fill(i),
    })),
  }));
  const root = eventsRoot(made);
  return root === undefined ? "" : toCid(root).toString();
}

describe("gas as the reference counts it", () => {
  it.each([
    ["scan", 300, scan],
    ["out", 100, outputs],
    ["track", 50, track],
    ["events", 7, events],
  ] as const)("%s", (kind, least, answerOf) => {
    const those = cases.filter((one) => one.kind === kind);
    expect(those.length).toBeGreaterThanOrEqual(least);
    for (const { question, words, answer } of those) expect(answerOf(words), question).toBe(answer);
  });

  it("price", () => {
    const those = cases.filter(({ kind }) => kind === "price");
    expect(new Set(those.map(({ words }) => words[1])).size).toBe(Object.keys(priced).length);
    for (const { question, words, answer } of those) expect(priceOf(words), question).toBe(answer.split(" ")[1]);
  });
});

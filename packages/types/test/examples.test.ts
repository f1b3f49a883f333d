import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as crypto from "@copse/crypto";
import * as ipld from "@copse/ipld";
import { fromHex, toHex } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { decodeBase32, encodeBase32 } from "../src/base32.ts";
import * as codecs from "../src/codecs.ts";
import * as eth from "../src/eth.ts";
import * as types from "../src/index.ts";
import * as networks from "../src/networks.ts";

// What the doc comments of src say after `=>` is what their examples give.

const privateKey = new Uint8Array(32).fill(1);
const key = { type: 1, privateKey } as const;
const message: types.Message = {
  version: 0,
  to: types.Address.parse("f01000"),
  from: types.addressOfKey(key),
  nonce: 1n,
  value: types.AttoFil.fromFil(1),
  gasLimit: 1_000_000n,
  gasFeeCap: types.AttoFil.from(200),
  gasPremium: types.AttoFil.from(100),
  method: 0n,
  params: new Uint8Array(0),
};
const ethKey = { type: 3, privateKey } as const;
const call = { ...message, from: types.addressOfKey(ethKey), method: eth.invokeContract };
const signedByEth = types.signMessage(call, ethKey, types.mainnet);
const root = ipld.toCid(ipld.cidOf(Uint8Array.of(0x80)));
const meta = { blsMessages: root, secpMessages: root };
const header: types.BlockHeader = {
  miner: types.Address.id(1000),
  ticket: { vrfProof: new Uint8Array(96) },
  electionProof: { winCount: 1, vrfProof: new Uint8Array(96) },
  beaconEntries: [],
  winPostProof: [],
  parents: [types.mainnet.genesisCid],
  parentWeight: 0n,
  height: 1,
  parentStateRoot: root,
  parentMessageReceipts: root,
  messages: types.msgMetaCid(meta),
  blsAggregate: null,
  timestamp: 1598306430,
  blockSig: null,
  forkSignaling: 0n,
  parentBaseFee: types.AttoFil.from(100_000_000),
};
const scope: Record<string, unknown> = {
  ...crypto,
  ...ipld,
  ...types,
  ...codecs,
  ...eth,
  ...networks,
  ...{ fromHex, toHex, decodeBase32, encodeBase32 },
  ...{ privateKey, key, message, root, meta, header, signedByEth },
  data: new Uint8Array(96),
  signed: types.signMessage(message, key, types.mainnet),
  tipset: types.createTipset([header]),
  transaction: eth.ethTransactionOf(signedByEth, 314),
};

const run = (expression: string): unknown =>
  new Function(...Object.keys(scope), `"use strict"; return (${expression});`)(...Object.values(scope));

const src = join(import.meta.dirname, "../src");
for (const file of globSync("**/*.ts", { cwd: src }).sort()) {
  const lines = readFileSync(join(src, file), "utf8").split("\n");
  const examples = lines.flatMap((line, i) => {
    const parts = /^ \* (.+?);? *\/\/ => (.+)$/.exec(line);
    return parts === null || line.includes("try {") ? [] : [[i + 1, parts[1] ?? "", parts[2] ?? ""] as const];
  });
  if (examples.length === 0) continue;
  describe(file, () => {
    it.each(examples)("line %i: %s", (_, expression, result) => {
      expect(run(expression)).toEqual(run(result));
    });
  });
}

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMint } from "@copse/chain/mint";
import { type Network, networks } from "@copse/types";
import { CID } from "multiformats/cid";
import { describe, expect, it } from "vitest";
import { networkJson, parseNetwork, resolveNetwork } from "../src/networks.ts";

const known = networks.filter((one): one is Network => "genesisCid" in one);

describe("networkJson", () => {
  for (const network of [...known, createMint({ seed: "json" }).network]) {
    it(`describes ${network.name} whole`, () => {
      const text = networkJson(network);
      const back = parseNetwork(text);
      expect(back).toEqual(network);
      expect(back.genesisCid).toBeInstanceOf(CID);
      expect(typeof back.minPower).toBe("bigint");
      expect(networkJson(back)).toBe(text);
    });
  }
});

describe("parseNetwork", () => {
  it("refuses what lacks a field, and names it", () => {
    const whole = JSON.parse(networkJson(known[0] as Network)) as Record<string, unknown>;
    for (const field of ["name", "p2pName", "genesisCid", "genesisTime", "blockDelay", "upgrades", "drand"]) {
      const { [field]: _, ...rest } = whole;
      expect(() => parseNetwork(JSON.stringify(rest)), field).toThrow(field);
    }
  });

  it("refuses what is no CID, no bytes or no integer", () => {
    const whole = JSON.parse(networkJson(known[0] as Network)) as Record<string, unknown>;
    for (const wrong of [{ $cid: "bafynonsense" }, { $bytes: "0g" }, { $bigint: "1.5" }]) {
      expect(() => parseNetwork(JSON.stringify({ ...whole, genesisCid: wrong })), JSON.stringify(wrong)).toThrow();
    }
  });
});

describe("resolveNetwork", () => {
  it("finds those that are known by name", () => {
    for (const network of known) expect(resolveNetwork(network.name)).toBe(network);
  });

  it("refuses other names, and says which there are", () => {
    for (const name of ["", "Mainnet", "devnet", "toString"]) {
      expect(() => resolveNetwork(name), name).toThrow(/one of mainnet, calibnet/);
    }
  });

  it("reads a file, and refuses one that is absent or broken", () => {
    const dir = mkdtempSync(join(tmpdir(), "copse-networks-"));
    try {
      const file = join(dir, "own.json");
      const { network } = createMint({ seed: "file" });
      writeFileSync(file, networkJson(network));
      expect(resolveNetwork(file)).toEqual(network);
      for (const text of ["", "[]", "null", "{", '{"name":"x"}']) {
        writeFileSync(file, text);
        expect(() => resolveNetwork(file), text).toThrow(expect.objectContaining({ code: "copse/config-malformed" }));
      }
      expect(() => resolveNetwork(join(dir, "absent.json"))).toThrow(
        expect.objectContaining({ code: "copse/config-malformed" }),
      );
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});

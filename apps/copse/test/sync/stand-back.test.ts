import { ChainError, type ChainStore } from "@copse/chain";
import { CborReader, cidOf } from "@copse/ipld";
import { HostFault } from "@copse/primitives";
import type { TipsetKey } from "@copse/types";
import { describe, expect, it } from "vitest";
import { NodeError } from "../../src/errors.ts";
import { standBack } from "../../src/sync/stand-back.ts";
import type { Target } from "../../src/sync/target.ts";

const target: Target = { key: cidOf(new Uint8Array(1)) as TipsetKey, height: 1000, supporters: ["a"] };

async function after(error: unknown): Promise<string[]> {
  const done: string[] = [];
  const peers = {
    refuse: ({ height }: Target) => void done.push(`refuse ${height}`),
    putBack: ({ height }: Target) => void done.push(`put back ${height}`),
  };
  const log = { error: (_: object, text: string) => void done.push(text) };
  const store = { head: undefined } as unknown as ChainStore;
  await standBack(target, error, { peers, store, options: { messages: { kind: "none" }, to: 0 } }, log);
  return done;
}

describe("standBack", () => {
  it("refuses what is no part of the chain, and what leaves out the certified checkpoint", async () => {
    const seam = new ChainError("chain/seam-broken", { span: 1, height: 5, why: "x" });
    const certified = new ChainError("chain/behind-checkpoint", { height: 5, checkpoint: 7 });
    for (const error of [seam, certified]) expect(await after(error)).toEqual(["refuse 1000"]);
  });

  it("puts back what leaves our own past too far back, mutes nobody for it, and says what may be wrong", async () => {
    const error = new ChainError("chain/fork-too-long", { height: 2000, ancestor: 5, limit: 900 });
    expect(await after(error)).toEqual(["put back 1000", expect.stringContaining("stored chain may be the wrong one")]);
  });

  it("puts back what nobody gave, and nothing for a fault that says nothing of it", async () => {
    expect(await after(new NodeError("copse/no-peers", { tried: 1, why: "x" }))).toEqual(["put back 1000"]);
    expect(await after(new Error("x"))).toEqual([]);
    expect(await after(new HostFault("host/aborted", { reason: "x" }))).toEqual([]);
  });

  it("puts back what fails for whatever else: it must not be tried for ever while others wait", async () => {
    const reader = new CborReader(Uint8Array.of(0xff));
    let malformed: unknown;
    try {
      reader.uint();
    } catch (error) {
      malformed = error;
    }
    expect(malformed).toMatchObject({ code: expect.stringMatching(/^cbor\//) });
    expect(await after(malformed)).toEqual(["put back 1000"]);
  });
});
